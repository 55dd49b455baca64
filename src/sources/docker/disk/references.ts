/**
 * A graphdriver's repositories.json (reference/store.go): the names of its images. dockerd reads it whole at its start, and
 * does not start with one that is broken; here it is read entry by entry up to where it is.
 *
 *     {"Repositories": {"<repository>": {"<repository>:<tag>" or "<repository>@<digest>": "sha256:<image id>"}}}
 */
import { join } from 'node:path';
import type { DockerReference } from '../../../host/docker-disk.ts';
import { digest } from '../../../host/ids.ts';
import type { Listing, ObjectRef } from '../../../host/observed.ts';
import { bytes } from '../../../text/units.ts';
import { eachDriver } from './drivers.ts';
import { type Beginning, type Disk, FileFault, namesIfAny, readBeginning } from './files.ts';
import { DIGEST } from './image-configs.ts';
import { JsonFault, JsonScanner } from './json-scanner.ts';
import { Draft } from './listing.ts';

const MAX_FILE = 64 << 20;
/** Entries between two pauses. */
const STRIDE = 256;

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readReferences(disk: Disk, root: string): Generator<void, Listing<DockerReference>> {
  const draft = new Draft<DockerReference>();
  yield* eachDriver(disk, root, draft, function* (driver, folder) {
    const path = join(folder, 'repositories.json');
    const file = beginningOf(disk, path);
    if (file === undefined) {
      // dockerd writes one at its first start, so beside images it was lost.
      if (namesIfAny(disk, join(folder, 'imagedb/content/sha256')).length === 0) return;
      const lost = `${path} is not there (or is a link that leads nowhere), though there are images: their names are lost`;
      draft.miss({ kind: 'graphdriver', id: driver }, path, lost);
      return;
    }
    const found = new Map<string, DockerReference>();
    const fault = yield* scan(file, driver, path, draft, found);
    // One by one: there may be more than a call takes arguments.
    for (const reference of found.values()) draft.items.push(reference);
    if (fault === undefined) return;
    const isCut = file.bytes.length < file.size && fault.isEnd;
    const object = { kind: 'graphdriver', id: driver };
    const kept = `${found.size} entries before it are read`;
    if (file.size === 0)
      draft.miss(object, path, `${path} is empty; dockerd does not start with such a file`);
    else if (isCut) {
      const why = `${path} has ${bytes(file.size)}, of which the first ${bytes(MAX_FILE)} are read; ${kept}`;
      draft.miss(object, path, why, 'truncated');
    } else {
      const why = `${path} is damaged at byte ${fault.offset} of ${file.size}: ${fault.message}; ${kept}`;
      draft.miss(object, path, why);
    }
  });
  return draft.done();
}

function beginningOf(disk: Disk, path: string): Beginning | undefined {
  try {
    return readBeginning(disk, path, MAX_FILE);
  } catch (error) {
    if (error instanceof FileFault && error.missing) return undefined;
    throw error;
  }
}

function* scan(
  file: Beginning,
  driver: string,
  path: string,
  draft: Draft<DockerReference>,
  found: Map<string, DockerReference>,
): Generator<void, JsonFault | undefined> {
  const json = new JsonScanner(file.bytes);
  const whole = { kind: 'graphdriver', id: driver };
  let entries = 0;
  const isObject = (what: string, object: ObjectRef): boolean => {
    const [kind, { offset }] = [json.kind(), json];
    if (kind === 'an object') return true;
    // Go makes an empty map of null.
    if (kind !== 'null') {
      const why = `${path}, byte ${offset}: ${what} is ${kind}, not an object`;
      draft.miss(object, path, why);
    }
    json.skip();
    return false;
  };
  try {
    if (!isObject('the document', whole)) return undefined;
    for (const key of json.members()) {
      if (key !== 'Repositories') {
        json.skip();
        continue;
      }
      if (!isObject('Repositories', whole)) continue;
      for (const repository of json.members()) {
        if (!isObject('the repository', { kind: 'reference', id: repository })) continue;
        for (const reference of json.members()) {
          const [kind, { offset }] = [json.kind(), json];
          const value = kind === 'a text' ? json.text() : json.skip();
          if (value !== undefined && DIGEST.test(value)) {
            const entry = { driver, repository, reference, imageId: digest(value) };
            found.set(`${repository}\n${reference}`, entry);
          } else {
            const what = value === undefined ? `${kind}, not a text` : `"${value.slice(0, 100)}", no digest`;
            const why = `${path}, byte ${offset}: the image is ${what}`;
            draft.miss({ kind: 'reference', id: reference }, path, why);
          }
          entries += 1;
          if (entries % STRIDE === 0) yield;
        }
      }
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return error;
  }
  return undefined;
}
