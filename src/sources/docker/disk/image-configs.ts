/**
 * A graphdriver's imagedb (image/fs.go): the configs of its images, each in a file that is named by the digest of its bytes.
 *
 *     imagedb/content/sha256/<image id>             the config, JSON
 *     imagedb/metadata/sha256/<image id>/parent     `sha256:…`, of an image that was built here
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { DockerImageConfig } from '../../../host/docker-disk.ts';
import { digest } from '../../../host/ids.ts';
import type { Listing, ObjectRef } from '../../../host/observed.ts';
import { type Fields, fields, Malformed, nested, parseJson, textOrEmpty, texts, time } from '../json.ts';
import { eachDriver } from './drivers.ts';
import { type Disk, namesIn, readText, readWhole } from './files.ts';
import { Draft } from './listing.ts';

/** What Docker takes for one in these files. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/;
export const HEX = /^[0-9a-f]{64}$/;

// Docker itself takes no config over 4 MB from a registry (distribution/config.go).
const MAX_CONFIG = 4 << 20;

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readImageConfigs(disk: Disk, root: string): Generator<void, Listing<DockerImageConfig>> {
  const draft = new Draft<DockerImageConfig>();
  yield* eachDriver(disk, root, draft, function* (driver, folder) {
    const content = join(folder, 'imagedb/content/sha256');
    for (const name of namesIn(disk, content)) {
      // An atomic write that has not been finished.
      if (name.startsWith('.tmp-')) continue;
      const path = join(content, name);
      const object = { kind: 'image', id: `sha256:${name}` };
      if (!HEX.test(name)) draft.miss({ kind: 'image', id: name }, path, `${path}: the name is no digest`);
      else {
        const config = draft.attempt(object, path, () => {
          const bytes = readWhole(disk, path, MAX_CONFIG);
          const parent = join(folder, 'imagedb/metadata/sha256', name, 'parent');
          return configOf(disk, draft, object, { driver, path, bytes, name, parent });
        });
        if (config !== undefined) draft.items.push(config);
      }
      yield;
    }
  });
  return draft.done();
}

interface ConfigFile {
  readonly driver: string;
  readonly path: string;
  readonly name: string;
  readonly bytes: Buffer;
  /** The file that names it. */
  readonly parent: string;
}

function configOf(
  disk: Disk,
  draft: Draft<DockerImageConfig>,
  object: ObjectRef,
  { driver, path, name, bytes, parent }: ConfigFile,
): DockerImageConfig {
  const part = <R>(field: string, read: () => R): R | undefined => draft.attempt(object, path, read, [field]);
  const config = draft.attempt(object, path, () => documentIn(bytes), ['diffIds', 'platform', 'createdAt']);
  const told = config ?? {};
  return {
    driver,
    imageId: digest(`sha256:${name}`),
    path,
    intact: createHash('sha256').update(bytes).digest('hex') === name,
    size: BigInt(bytes.length),
    diffIds: part('diffIds', () => texts(nested(told, 'rootfs'), 'diff_ids').map(digestOf)) ?? [],
    platform: part('platform', () => platformOf(told)) ?? null,
    createdAt: part('createdAt', () => time(told, 'created')) ?? null,
    parent: draft.attempt(object, parent, () => parentIn(disk, parent), ['parent']) ?? null,
  };
}

function parentIn(disk: Disk, path: string): DockerImageConfig['parent'] {
  const text = readText(disk, path);
  return text === undefined ? null : digestOf(text);
}

/** A file that is one JSON object. @throws Malformed */
export const documentIn = (bytes: Buffer): Fields => {
  if (bytes.length === 0) throw new Malformed('the file is empty');
  let document: unknown;
  try {
    document = parseJson(bytes.toString('utf8'));
  } catch (error) {
    throw new Malformed(
      `${bytes.length} bytes that are no JSON (${error instanceof Error ? error.message.slice(0, 200) : String(error)})`,
    );
  }
  return fields(document, 'the document');
};

/** @throws Malformed */
export const digestOf = (text: string): ReturnType<typeof digest> => {
  if (DIGEST.test(text)) return digest(text);
  throw new Malformed(`"${text.slice(0, 100)}" is no digest`);
};

function platformOf(config: Fields): string | null {
  const parts = ['os', 'architecture', 'variant'].map((key) => textOrEmpty(config, key));
  const platform = parts.filter((part) => part !== '').join('/');
  return platform === '' ? null : platform;
}
