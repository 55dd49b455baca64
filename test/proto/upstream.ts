import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';

import { downloadPackages } from '../lab/apt.ts';
import { withFileLock } from '../lab/file-lock.ts';
import { cacheFolder } from '../lab/paths.ts';
import type { Suite } from '../lab/suites.ts';
import { compileTexts } from './wire.ts';

/** What one Debian suite's packages say the wire format is. */
export type Upstream = {
  readonly suite: Suite;
  readonly versions: Readonly<Record<string, string>>;
  readonly descriptors: FileDescriptorSet;
};

/** bookworm's ttrpc has no .proto yet, and no suite packages the CRI of containerd 1.6. */
const PACKAGES: Readonly<Record<Suite, readonly string[]>> = {
  bookworm: [
    'golang-github-containerd-containerd-dev',
    'golang-github-containerd-cgroups-dev',
    'golang-github-gogo-googleapis-dev',
    'golang-google-grpc-dev',
  ],
  trixie: [
    'golang-github-containerd-containerd-dev',
    'golang-github-containerd-cgroups-dev',
    'golang-github-containerd-ttrpc-dev',
    'golang-github-kubernetes-cri-api-dev',
    'golang-github-gogo-googleapis-dev',
    'golang-google-grpc-dev',
  ],
  // containerd's API is a package of its own here; the other one still carries copies of older definitions.
  sid: [
    'golang-github-containerd-containerd-api-dev',
    'golang-github-containerd-cgroups-dev',
    'golang-github-containerd-ttrpc-dev',
    'golang-k8s-cri-api-dev',
    'golang-github-gogo-googleapis-dev',
    'golang-google-grpc-dev',
  ],
};

/** Which of the packages' .proto files are compiled; the rest are tests, and definitions of other programs. */
const WANTED: readonly RegExp[] = [
  /\/github\.com\/containerd\/containerd\/(api|runtime|protobuf\/plugin|pkg\/runtimeoptions)\//,
  /\/github\.com\/containerd\/cgroups\/.*\/metrics\.proto$/,
  /\/github\.com\/containerd\/ttrpc\/(request|proto\/status)\.proto$/,
  /\/k8s\.io\/cri-api\/pkg\/apis\/runtime\/v1\/api\.proto$/,
  /\/google\/rpc\/status\.proto$/,
  /\/grpc\/health\/v1\/health\.proto$/,
];

/** Downloads and compiles a suite's definitions; the downloaded ones are kept until their folder is deleted. */
export const provideUpstream = async (suite: Suite): Promise<Upstream> => {
  const folder = join(cacheFolder(), 'protos', suite);
  const unpacked = join(folder, 'root');
  const record = join(unpacked, 'versions.json');
  await withFileLock(join(cacheFolder(), 'protos', `${suite}.lock`), async () => {
    if (!existsSync(record) || !holdsAll(await readVersions(record), PACKAGES[suite])) {
      await unpack(suite, folder, unpacked);
    }
  });
  const versions = await readVersions(record);
  return { suite, versions, descriptors: await compileTexts(withGogoStub(await protoTexts(unpacked))) };
};

/** Fills a folder beside the final one and renames it: a suite is there as a whole or not at all. */
const unpack = async (suite: Suite, workFolder: string, unpacked: string): Promise<void> => {
  const staging = join(workFolder, 'unpacking');
  await rm(staging, { recursive: true, force: true });
  const versions = await downloadPackages(suite, PACKAGES[suite], staging, { workFolder });
  for (const path of await filesBelow(staging)) if (!isWanted(path)) await rm(join(staging, path));
  await writeFile(join(staging, 'versions.json'), JSON.stringify(versions));
  await rm(unpacked, { recursive: true, force: true });
  await rename(staging, unpacked);
};

const readVersions = async (record: string): Promise<Readonly<Record<string, string>>> =>
  JSON.parse(await readFile(record, 'utf8')) as Record<string, string>;

const holdsAll = (versions: Readonly<Record<string, string>>, packages: readonly string[]): boolean =>
  packages.every((name) => versions[name] !== undefined);

const isWanted = (path: string): boolean =>
  path.endsWith('.proto') && WANTED.some((pattern) => pattern.test(`/${path}`));

const filesBelow = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

/**
 * The texts by import path. Each Go module has import roots of its own, so a file goes by the name that its
 * importers use for it, and by its path in the package where nobody imports it.
 */
const protoTexts = async (folder: string): Promise<Map<string, string>> => {
  const texts = new Map<string, string>();
  for (const path of (await filesBelow(folder)).filter(isWanted)) {
    texts.set(path, await readFile(join(folder, path), 'utf8'));
  }
  for (const imported of new Set([...texts.values()].flatMap(importsOf))) {
    const path = [...texts.keys()].find((path) => `/${path}`.endsWith(`/${imported}`));
    if (path === undefined || path === imported) continue;
    texts.set(imported, texts.get(path) ?? '');
    texts.delete(path);
  }
  return texts;
};

const importsOf = (text: string): readonly string[] =>
  [...text.matchAll(/^import\s+(?:weak\s+|public\s+)?"([^"]+)"/gm)].flatMap(([, path]) => path ?? []);

/**
 * gogoproto's options steer a Go code generator and change nothing on the wire. Declaring those that occur lets
 * the real compiler read the files as they are.
 */
const withGogoStub = (texts: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
  const stub = `syntax = "proto2";
package gogoproto;
import "google/protobuf/descriptor.proto";
extend google.protobuf.FileOptions {
  optional bool goproto_getters_all = 63001;
  optional bool gostring_all = 63002;
  optional bool goproto_stringer_all = 63003;
  optional bool stringer_all = 63008;
  optional bool marshaler_all = 63017;
  optional bool unmarshaler_all = 63018;
  optional bool sizer_all = 63020;
  optional bool goproto_unrecognized_all = 63026;
}
extend google.protobuf.EnumOptions {
  optional bool goproto_enum_prefix = 62001;
  optional string enum_customname = 62023;
}
extend google.protobuf.EnumValueOptions {
  optional string enumvalue_customname = 66001;
}
extend google.protobuf.FieldOptions {
  optional bool nullable = 65001;
  optional string customtype = 65003;
  optional string customname = 65004;
  optional bool stdtime = 65010;
}
`;
  return new Map([
    ...texts,
    ['gogoproto/gogo.proto', stub],
    // The other name under which the same file is imported.
    [
      'github.com/gogo/protobuf/gogoproto/gogo.proto',
      'syntax = "proto2";\nimport public "gogoproto/gogo.proto";\n',
    ],
  ]);
};
