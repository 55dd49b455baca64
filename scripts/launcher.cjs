#!/usr/bin/env node
// Old syntax on purpose: a Node that cannot run the program must still be able to read this file and say so.
'use strict';
var floor = [20, 19];
var have = process.versions.node.split('.').map(Number);
if (have[0] < floor[0] || (have[0] === floor[0] && have[1] < floor[1])) {
  process.stderr.write(
    'ctrscope needs Node ' + floor.join('.') + ' or later; this is ' + process.versions.node + '\n',
  );
  process.exit(1);
}

// Node's compile cache keeps what V8 compiles while a file is loaded; all that a command calls later is compiled anew each
// time, which costs more than its work. So the compiled code is kept as it is at the end of a command's first run, for each
// command by itself: what the others need would only have to be read.
var fs = require('node:fs');
var path = require('node:path');
var vm = require('node:vm');

// A name that is missing here costs speed only: it shares a file with others.
var COMMANDS = /^(report|doctor|inspect|owner|why|usage|verify|reconcile|events|api|bundle|get)$/;
var KINDS = /^(namespaces|containers|tasks|images|content|ingests|snapshots|leases|plugins|sandboxes)$/;
var BUILD = '__BUILD__';
var SUM_BYTES = 4;

var folder = cacheFolder();
var run = runName(process.argv.slice(2));
var loaded = {};
if (/^(ui|bundle)/.test(run)) {
  // The UI sets flags of V8 while it runs, and V8 refuses code that was kept under other flags; Node keeps it before.
  var nodes = require('node:module');
  if (nodes.enableCompileCache && folder !== undefined && ownFolder()) nodes.enableCompileCache(folder);
  require('./cli.cjs');
} else {
  load('./cli.cjs');
}

function load(id) {
  if (loaded[id] === undefined) {
    var file = path.join(__dirname, id);
    var name = path.basename(id, '.cjs') + '-' + run;
    var own = { exports: {} };
    loaded[id] = own;
    // The build sees to it that there is nothing but ASCII: one byte for each character is read fastest.
    var source =
      '(function(exports,require,module,__filename,__dirname){' + fs.readFileSync(file, 'latin1') + '\n})';
    compiled(file, source, name).runInThisContext()(own.exports, requireFrom, own, file, __dirname);
  }
  return loaded[id].exports;
}

function requireFrom(id) {
  return id.slice(0, 2) === './' ? load(id) : require(id);
}

function compiled(file, source, name) {
  var cached = folder === undefined ? undefined : readOwn(path.join(folder, name));
  // Code of another V8 is refused by V8 itself.
  var script = new vm.Script(source, { filename: file, cachedData: cached });
  if (folder !== undefined && (cached === undefined || script.cachedDataRejected)) keepAfterRun(script, name);
  return script;
}

// What the run is, as far as it decides which code runs.
function runName(args) {
  var found = args.filter(function (arg) {
    return COMMANDS.test(arg) || KINDS.test(arg);
  });
  // Without a command it is the UI, and without a terminal the report.
  if (found.length === 0) found = [require('node:tty').isatty(1) ? 'ui' : 'report'];
  var where = args.filter(function (arg) {
    return /^--(root|bundle|docker-host|help|version)\b/.test(arg) || /^-[hV]$/.test(arg);
  });
  return found
    .slice(0, 2)
    .concat(where.slice(0, 1))
    .map(function (word) {
      return word.replace(/^-+|=.*$/g, '');
    })
    .join('-');
}

// Code is as trusted as the program: the folder is the user's own, and nobody else can write there. Under sudo the home may
// still be that of another user, who would be left with a ~/.cache of root's.
function cacheFolder() {
  var env = process.env;
  if (env.NODE_DISABLE_COMPILE_CACHE || env.NODE_V8_COVERAGE) return undefined;
  var base = env.XDG_CACHE_HOME || (env.HOME ? path.join(env.HOME, '.cache') : '');
  if (!path.isAbsolute(base) || !isInOwn(base)) return undefined;
  return path.join(base, 'ctrscope', BUILD + '-' + process.version + '-' + process.arch);
}

function isInOwn(base) {
  try {
    var stat = fs.statSync(base, { throwIfNoEntry: false }) || fs.statSync(path.dirname(base));
    return stat.uid === process.geteuid();
  } catch (_) {
    // No home, or none that can be looked at: then nothing is kept.
    return false;
  }
}

function isOwn(stat) {
  return stat.uid === process.geteuid() && (stat.mode & 18) === 0;
}

function ownFolder() {
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 448 });
    return isOwn(fs.lstatSync(path.dirname(folder))) && isOwn(fs.lstatSync(folder));
  } catch (_) {
    // A home that is missing, full or not ours: the next start is as slow as this one.
    return false;
  }
}

function readOwn(file) {
  try {
    if (!isOwn(fs.lstatSync(path.dirname(folder))) || !isOwn(fs.lstatSync(folder))) return undefined;
    var fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    try {
      // Of what was opened: a name may mean another file by now.
      var stat = fs.fstatSync(fd);
      return isOwn(stat) && stat.isFile() ? whole(fs.readFileSync(fd)) : undefined;
    } finally {
      fs.closeSync(fd);
    }
  } catch (_) {
    // It was never written, or cannot be read: then the code is compiled.
    return undefined;
  }
}

// V8 believes what it is given, and crashes on code that a power cut or a failing disk has changed: a sum at its end tells.
function whole(kept) {
  var length = kept.length - SUM_BYTES;
  if (length < 0) return undefined;
  var data = kept.subarray(0, length);
  return kept.readUInt32LE(length) === sumOf(data) ? data : undefined;
}

function sumOf(data) {
  return require('node:zlib').crc32(data);
}

function keepAfterRun(script, name) {
  process.on('exit', function (code) {
    // A run that failed has not called what others will.
    if (code === 1 || code === 2 || !ownFolder()) return;
    try {
      write(script.createCachedData(), name);
      removeOthers();
    } catch (_) {
      // As above.
    }
  });
}

function write(data, name) {
  var sum = Buffer.alloc(SUM_BYTES);
  sum.writeUInt32LE(sumOf(data), 0);
  var draft = path.join(folder, name + '.' + process.pid);
  var fd = fs.openSync(draft, 'wx', 384);
  try {
    fs.writeFileSync(fd, Buffer.concat([data, sum]));
    fs.renameSync(draft, path.join(folder, name));
  } catch (error) {
    // The disk that somebody has come to look at may be full; each run would leave a piece more.
    fs.unlinkSync(draft);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
}

function removeOthers() {
  // What other builds or Nodes have left, a megabyte for each of their commands, and not added to for a week.
  var all = path.dirname(folder);
  fs.readdirSync(all).forEach(function (other) {
    var old = path.join(all, other);
    if (!/^[0-9a-f]{16}-v/.test(other) || Date.now() - fs.lstatSync(old).mtimeMs < 7 * 86400000) return;
    fs.rmSync(old, { recursive: true, force: true });
  });
}
