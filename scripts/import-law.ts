/** Checks the import law of the house: who may import whom, and no cycles. Exits 1 and names each import that breaks it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Rooms of the house, most specific first, and the rooms that each may import besides itself. */
const LAW: readonly (readonly [room: string, mayImport: readonly string[]])[] = [
  ['src/text', []],
  ['src/bolt', []],
  ['src/host', ['src/text']],
  ['probes/kernel', []],
  ['probes', ['src/host', 'src/text']],
  ['src/sources', ['src/host', 'src/text', 'src/gen', 'src/bolt']],
  ['src/stats', ['src/host', 'src/text']],
  ['src/diagnose', ['src/host', 'probes', 'src/text']],
  ['src/bundle', ['src/host', 'src/diagnose', 'src/stats', 'src/text']],
  ['src/collect', ['src/sources', 'src/host', 'src/bundle', 'src/text']],
  ['src/report', ['src/host', 'src/diagnose', 'src/stats', 'src/text']],
  ['src/metrics', ['src/host', 'src/diagnose', 'src/stats', 'src/text']],
  ['src/tui', ['src/host', 'src/diagnose', 'src/stats', 'src/text']],
  ['src/trace', ['src/sources', 'src/host', 'src/text', 'src/gen', 'probes/kernel']],
  ['src/tap', ['src/sources', 'src/host', 'src/text', 'src/gen', 'probes/kernel']],
  ['src/launch', ['src/sources', 'src/host', 'src/text', 'src/gen']],
  ['src/cli', ['src', 'probes']],
];

/** Packages that only one room may use. */
const OWNED: readonly (readonly [packages: RegExp, room: string])[] = [
  [/^(ink|react|react\/.*|blessed-contrib|blessed|drawille.*|ansi-term|sparkline)$/, 'src/tui'],
  [/^systeminformation$/, 'src/sources/system'],
  [/^@grpc\/grpc-js$/, 'src/sources/containerd'],
];

const IMPORT =
  /(?:^|[^.\w])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|import\s+['"]([^'"]+)['"]/g;

const files = ['src', 'probes'].flatMap(sourcesBelow).filter((file) => !file.startsWith('src/gen/'));
const graph = new Map<string, readonly string[]>();
const broken: string[] = [];
for (const file of files) {
  const local: string[] = [];
  for (const match of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    if (specifier.startsWith('.')) {
      const target = relative(root, resolve(root, dirname(file), specifier));
      if (!allowed(file, target)) broken.push(`${file} may not import ${target}`);
      local.push(target);
    } else {
      for (const [packages, room] of OWNED) {
        const exempt = room === 'src/sources/containerd' && file.startsWith('src/launch/');
        if (packages.test(specifier) && !file.startsWith(`${room}/`) && !exempt) {
          broken.push(`${file} may not import ${specifier}: only ${room} does`);
        }
      }
    }
  }
  graph.set(file, local);
}
for (const cycle of cycles(graph)) broken.push(`cycle: ${cycle.join(' -> ')}`);
if (broken.length > 0) {
  process.stderr.write(`the import law is broken:\n${broken.map((line) => `  ${line}\n`).join('')}`);
  process.exit(1);
}

function allowed(file: string, target: string): boolean {
  const own = roomOf(file);
  if (own === undefined) return false;
  const [room, mayImport] = own;
  const targetSource = /^src\/sources\/[^/]+/.exec(target)?.[0];
  const ownSource = /^src\/sources\/[^/]+/.exec(file)?.[0];
  // No source imports another.
  if (ownSource !== undefined && targetSource !== undefined) return ownSource === targetSource;
  return inside(target, room) || mayImport.some((other) => inside(target, other));
}

function roomOf(file: string): (typeof LAW)[number] | undefined {
  return LAW.find(([room]) => inside(file, room));
}

function inside(file: string, room: string): boolean {
  return file === room || file.startsWith(`${room}/`);
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

function* cycles(edges: ReadonlyMap<string, readonly string[]>): Generator<string[]> {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = function* (file: string): Generator<string[]> {
    const at = path.indexOf(file);
    if (at >= 0) yield [...path.slice(at), file];
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const next of edges.get(file) ?? []) yield* visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of edges.keys()) yield* visit(file);
}
