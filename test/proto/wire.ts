import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { createFileRegistry, type DescField, fromBinary, ScalarType } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** One thing that two ends of a wire must agree on, and what is said of it. */
export type WireElement = {
  /** `package.Message.field`, `package.Enum.VALUE`, `package.Service/Method`, or the name of the whole. */
  readonly name: string;
  /** `repeated string = 3`, `= 2`, `(a.B) returns (stream a.C)`, or the kind of the whole. */
  readonly fact: string;
};

const BUF = join(import.meta.dirname, '../../node_modules/@bufbuild/buf/bin/buf');

/** Compiles every .proto below a folder, with the folder as the only import root. */
export const compileFolder = (folder: string): Promise<FileDescriptorSet> =>
  withTemporaryFolder((cache) => compile(folder, cache));

/** Compiles .proto texts by import path. */
export const compileTexts = (texts: ReadonlyMap<string, string>): Promise<FileDescriptorSet> =>
  withTemporaryFolder(async (folder) => {
    const sources = join(folder, 'sources');
    for (const [path, text] of texts) {
      await mkdir(dirname(join(sources, path)), { recursive: true });
      await writeFile(join(sources, path), text);
    }
    return compile(sources, join(folder, 'cache'));
  });

/**
 * Everything in a descriptor set that shows on the wire or in its JSON; the well-known types are left out.
 * Types are renamed on the way, which may give two elements of one name.
 */
export const wireElements = (
  set: FileDescriptorSet,
  renamed: (typeName: string) => string = (typeName) => typeName,
): readonly WireElement[] => {
  const elements: WireElement[] = [];
  const add = (name: string, fact: string): void => void elements.push({ name, fact });
  for (const type of createFileRegistry(set)) {
    const name = renamed(type.typeName);
    if (name.startsWith('google.protobuf.')) continue;
    switch (type.kind) {
      case 'message':
        add(name, 'message');
        for (const field of type.fields) add(`${name}.${field.name}`, fieldFact(field, renamed));
        break;
      case 'enum':
        add(name, 'enum');
        for (const value of type.values) add(`${name}.${value.name}`, `= ${value.number}`);
        break;
      case 'service':
        add(name, 'service');
        for (const { name: method, input, output, methodKind } of type.methods) {
          const [asks, answers] = [renamed(input.typeName), renamed(output.typeName)];
          const [up, down] = STREAMS[methodKind];
          add(`${name}/${method}`, `(${up}${asks}) returns (${down}${answers})`);
        }
        break;
      case 'extension':
        break; // options for code generators
    }
  }
  return elements;
};

const withTemporaryFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'ctrscope-proto-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const compile = async (folder: string, cache: string): Promise<FileDescriptorSet> => {
  const args = [BUF, 'build', folder, '--as-file-descriptor-set', '--exclude-source-info', '--output', '-'];
  // buf insists on a cache even where there is nothing to cache; the home directory may not be writable.
  const env = { ...process.env, BUF_CACHE_DIR: cache };
  const options = { encoding: 'buffer', env, maxBuffer: 64 << 20, timeout: 60_000 } as const;
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  return fromBinary(FileDescriptorSetSchema, stdout);
};

const STREAMS = {
  unary: ['', ''],
  server_streaming: ['', 'stream '],
  client_streaming: ['stream ', ''],
  bidi_streaming: ['stream ', 'stream '],
} as const;

const fieldFact = (field: DescField, renamed: (typeName: string) => string): string => {
  const oneof = field.oneof === undefined ? '' : ` in oneof ${field.oneof.name}`;
  const optional = field.proto.proto3Optional ? 'optional ' : '';
  return `${optional}${fieldType(field, renamed)} = ${field.number}${oneof}`;
};

const fieldType = (field: DescField, renamed: (typeName: string) => string): string => {
  const valueType =
    field.message !== undefined
      ? renamed(field.message.typeName)
      : field.enum !== undefined
        ? renamed(field.enum.typeName)
        : ScalarType[field.scalar].toLowerCase();
  switch (field.fieldKind) {
    case 'list':
      return `repeated ${valueType}`;
    case 'map':
      return `map<${ScalarType[field.mapKey].toLowerCase()}, ${valueType}>`;
    default:
      return valueType;
  }
};
