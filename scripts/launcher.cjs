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
var module_ = require('node:module');
if (module_.enableCompileCache) module_.enableCompileCache();
require('./cli.cjs');
