/**
 * A graphdriver's repositories.json (reference/store.go): the names of its images. dockerd reads it whole at its start, and
 * does not start with one that is broken; here it is read entry by entry up to where it is.
 *
 *     {"Repositories": {"<repository>": {"<repository>:<tag>" or "<repository>@<digest>": "sha256:<image id>"}}}
 *
 * dockerd of 20.10, 26.1 and 28.5 do the same: they refuse a text that is no JSON, null as document, and a value of any other
 * type than this; they drop a name that leads to null or to a text that is no digest. What stands after the document is not read.
 */
import { join } from 'node:path';
import type { DockerReference, DockerReferenceFile, ReferenceFault } from '../../../host/docker-disk.ts';
import { digest } from '../../../host/ids.ts';
import type { Listing, ObjectRef, UnknownState } from '../../../host/observed.ts';
import { bytes } from '../../../text/units.ts';
import { eachDriver } from './drivers.ts';
import { type Beginning, type Disk, FileFault, namesIfAny, readBeginning } from './files.ts';
import { DIGEST } from './image-configs.ts';
import { JsonFault, JsonScanner } from './json-scanner.ts';
import { Draft } from './listing.ts';

const MAX_FILE = 64 << 20;
/** Of all files: what is made of each takes far more room than it has in the file. */
const MAX_NAMES = 100_000;
/** Dropped entries that are kept word by word. */
const MAX_DROPPED = 20;
/** Entries between two pauses. */
const STRIDE = 256;

/** What repositories.json of every graphdriver say, and how each of them is as a file. */
export interface References {
  readonly names: Listing<DockerReference>;
  readonly files: Listing<DockerReferenceFile>;
}

/** @throws FileFault; `missing` where no graphdriver was ever used */
export function* readReferences(disk: Disk, root: string): Generator<void, References> {
  const names = new Draft<DockerReference>();
  const files = new Draft<DockerReferenceFile>();
  const missBoth = (object: ObjectRef, from: string, why: string, state?: UnknownState): void => {
    names.miss(object, from, why, state);
    files.miss(object, from, why, state);
  };
  yield* eachDriver(disk, root, { miss: missBoth }, function* (driver, folder) {
    const path = join(folder, 'repositories.json');
    const object = { kind: 'graphdriver', id: driver };
    const file = beginningOf(disk, path);
    if (file === undefined) {
      // dockerd writes one at its first start, so beside images it was lost.
      if (namesIfAny(disk, join(folder, 'imagedb/content/sha256')).length === 0) return;
      const lost = `${path} is not there (or is a link that leads nowhere), though there are images: their names are lost`;
      names.miss(object, path, lost);
      const nothing = { names: 0, refused: null, dropped: [], droppedCount: 0 };
      files.items.push({ driver, path, size: null, ...nothing });
      return;
    }
    const scan = new Scan(driver, path, names, MAX_NAMES - names.items.length);
    const end = yield* scan.run(file);
    // One by one: there may be more than a call takes arguments.
    for (const reference of scan.found.values()) names.items.push(reference);
    const isCut = end instanceof JsonFault && end.isEnd && file.bytes.length < file.size;
    const kept = `${scan.found.size} entries before it are read`;
    if (end === 'full') {
      missBoth(object, path, `${path} has more than the ${MAX_NAMES} names that are read`, 'truncated');
    } else if (isCut) {
      const why = `${path} has ${bytes(file.size)}, of which the first ${bytes(MAX_FILE)} are read; ${kept}`;
      missBoth(object, path, why, 'truncated');
    } else if (file.size === 0) {
      names.miss(object, path, `${path} is empty; dockerd does not start with such a file`);
    } else if (end !== undefined) {
      const why = `${path} is damaged at byte ${end.offset} of ${file.size}: ${end.message}; ${kept}`;
      names.miss(object, path, why);
    }
    const broken =
      end instanceof JsonFault && !isCut ? { offset: end.offset, what: end.message } : scan.mistyped;
    // Of a file that is not read to its end, only a fault that was found says anything.
    if (broken === null && (isCut || end === 'full')) return;
    const { dropped, droppedCount, found } = scan;
    const size = BigInt(file.size);
    files.items.push({
      driver,
      path,
      size,
      names: found.size,
      refused: broken,
      dropped,
      droppedCount,
    });
  });
  return { names: names.done(), files: files.done() };
}

function beginningOf(disk: Disk, path: string): Beginning | undefined {
  try {
    return readBeginning(disk, path, MAX_FILE);
  } catch (error) {
    if (error instanceof FileFault && error.missing) return undefined;
    throw error;
  }
}

/** One file, read entry by entry. */
class Scan {
  readonly found = new Map<string, DockerReference>();
  readonly dropped: ReferenceFault[] = [];
  droppedCount = 0;
  /** The first value of a type that dockerd refuses the file for. */
  mistyped: ReferenceFault | null = null;
  readonly #driver: string;
  readonly #path: string;
  readonly #names: Draft<DockerReference>;
  readonly #room: number;
  #entries = 0;

  constructor(driver: string, path: string, names: Draft<DockerReference>, room: number) {
    this.#driver = driver;
    this.#path = path;
    this.#names = names;
    this.#room = room;
  }

  /** Why it did not come to the end of the document; undefined where it did. */
  *run(file: Beginning): Generator<void, JsonFault | 'full' | undefined> {
    const json = new JsonScanner(file.bytes);
    const whole = { kind: 'graphdriver', id: this.#driver };
    try {
      if (!this.#isObject(json, 'the document', whole)) return undefined;
      for (const key of json.members()) {
        // As Go compares keys.
        if (key?.toLowerCase() !== 'repositories') json.skip();
        else if (this.#isObject(json, 'Repositories', whole)) {
          const isFull = yield* this.#repositories(json);
          if (isFull) return 'full';
        }
      }
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      return error;
    }
    return undefined;
  }

  // Whether there was no room for all of it.
  *#repositories(json: JsonScanner): Generator<void, boolean> {
    for (const key of json.members()) {
      const repository = key ?? LONG;
      if (!this.#isObject(json, 'the repository', { kind: 'reference', id: repository })) continue;
      for (const name of json.members()) {
        if (this.found.size >= this.#room) return true;
        this.#entry(json, repository, name);
        this.#entries += 1;
        if (this.#entries % STRIDE === 0) yield;
      }
    }
    return false;
  }

  #entry(json: JsonScanner, repository: string, reference: string | undefined): void {
    const [kind, { offset }] = [json.kind(), json];
    if (kind !== 'a text' && kind !== 'null') {
      json.skip();
      this.#mistyped(
        { kind: 'reference', id: reference ?? LONG },
        offset,
        `the image is ${kind}, not a text`,
      );
      return;
    }
    const value = kind === 'a text' ? json.text() : json.skip();
    if (reference !== undefined && value !== undefined && DIGEST.test(value)) {
      const entry = { driver: this.#driver, repository, reference, imageId: digest(value) };
      this.found.set(`${repository}\n${reference}`, entry);
      return;
    }
    const shown = kind === 'null' ? 'null' : value === undefined ? LONG : `"${value.slice(0, 100)}"`;
    const what =
      reference === undefined ? `the name is ${LONG}` : `the image is ${shown}, ${NO_DIGEST[kind]}`;
    this.droppedCount += 1;
    if (this.dropped.length < MAX_DROPPED) {
      const whose = reference === undefined ? '' : `${reference.slice(0, 100)}: `;
      this.dropped.push({ offset, what: `${whose}${what}` });
    }
    this.#miss({ kind: 'reference', id: reference ?? LONG }, offset, what);
  }

  #isObject(json: JsonScanner, what: string, object: ObjectRef): boolean {
    const [kind, { offset }] = [json.kind(), json];
    if (kind === 'an object') return true;
    json.skip();
    // Go makes an empty map of null, and of a document that is null none.
    if (kind !== 'null' || what === 'the document') {
      this.#mistyped(object, offset, `${what} is ${kind}, not an object`);
    }
    return false;
  }

  #mistyped(object: ObjectRef, offset: number, what: string): void {
    this.mistyped ??= { offset, what };
    this.#miss(object, offset, what);
  }

  #miss(object: ObjectRef, offset: number, what: string): void {
    const why = `${this.#path}, byte ${offset}: ${what}`;
    this.#names.miss(object, this.#path, why);
  }
}

const LONG = 'a text longer than any name';
const NO_DIGEST = { null: 'not a text', 'a text': 'no digest' } as const;
