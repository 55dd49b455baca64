/**
 * Writes src/gen, the messages and service descriptors of proto/, when it is not up to date.
 *
 * src/gen/.stamp holds a hash over everything that decides the output, so that builds and tests can call this every
 * time. Nothing is fetched, nothing is printed when there is nothing to do, and two runs at once do not harm each
 * other or a reader: files are made aside and renamed into place one by one, the stamp last.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const proto = join(root, 'proto');
const gen = join(root, 'src', 'gen');
const stamp = join(gen, '.stamp');
const bufbuild = join(root, 'node_modules', '@bufbuild');

const started = performance.now();
const wanted = fingerprint();
if (readIfThere(stamp) !== wanted) {
  try {
    const count = generate(wanted);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`generated ${count} modules in src/gen from proto/ (${seconds} s)`);
  } catch (error) {
    console.error(`unable to generate src/gen from proto/: ${reason(error)}`);
    process.exitCode = 1;
  }
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (const name of ['buf', 'protoc-gen-es', 'protobuf']) {
    const manifest = readFileSync(join(bufbuild, name, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    hash.update(`${name} ${version}\n`);
  }
  // The options to the plugin are in this file.
  for (const file of [import.meta.filename, ...filesBelow(proto).map((path) => join(proto, path))]) {
    const body = readFileSync(file);
    hash.update(`${file.slice(root.length)} ${body.length}\n`).update(body);
  }
  return `${hash.digest('hex')}\n`;
}

function generate(fingerprint: string): number {
  mkdirSync(gen, { recursive: true });
  // Beside the target, not in the system's temporary folder: a rename cannot cross file systems.
  const aside = mkdtempSync(join(root, 'src', '.gen-'));
  try {
    const out = join(aside, 'out');
    runBuf(out, join(aside, 'cache'));
    // From here on src/gen may be half old and half new, so it must not look up to date.
    rmSync(stamp, { force: true });
    const made = filesBelow(out);
    for (const path of made) {
      mkdirSync(dirname(join(gen, path)), { recursive: true });
      renameSync(join(out, path), join(gen, path));
    }
    const keep = new Set(made);
    for (const path of filesBelow(gen)) if (!keep.has(path)) rmSync(join(gen, path), { force: true });
    writeFileSync(join(aside, 'stamp'), fingerprint);
    renameSync(join(aside, 'stamp'), stamp);
    return made.filter((path) => path.endsWith('.js')).length;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function runBuf(out: string, cache: string): void {
  const template = {
    version: 'v2',
    plugins: [
      {
        // Both programs are Node scripts; naming the interpreter keeps a different `node` on the PATH out of it.
        local: [process.execPath, join(bufbuild, 'protoc-gen-es', 'bin', 'protoc-gen-es')],
        out,
        // One plugin process for all; the default starts one per folder and takes ten times as long.
        strategy: 'all',
        opt: ['target=js+dts', 'import_extension=js'],
      },
    ],
  };
  const args = [
    join(bufbuild, 'buf', 'bin', 'buf'),
    'generate',
    proto,
    '--template',
    JSON.stringify(template),
  ];
  execFileSync(process.execPath, args, {
    // buf insists on a cache even where there is nothing to cache; the home directory may not be writable.
    env: { ...process.env, BUF_CACHE_DIR: cache },
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    timeout: 120_000,
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** What buf had to say, when it said something; it is more use than "Command failed". */
function reason(error: unknown): string {
  if (
    error instanceof Error &&
    'stderr' in error &&
    typeof error.stderr === 'string' &&
    error.stderr !== ''
  ) {
    return error.stderr.trimEnd();
  }
  return String(error);
}
