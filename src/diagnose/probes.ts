/** Every probe of the program. */
import { daemonMismatch } from '../../probes/containerd/daemon-mismatch.ts';
import { notAnswering } from '../../probes/containerd/not-answering.ts';
import { socketPermission } from '../../probes/containerd/socket-permission.ts';
import { blobCorrupt } from '../../probes/content/blob-corrupt.ts';
import { blobMissing } from '../../probes/content/blob-missing.ts';
import { imageIncomplete } from '../../probes/content/image-incomplete.ts';
import { ingestStuck } from '../../probes/content/ingest-stuck.ts';
import { orphanFile } from '../../probes/content/orphan-file.ts';
import { orphanIngest } from '../../probes/content/orphan-ingest.ts';
import { dockerContainers } from '../../probes/docker/containers.ts';
import { dockerImages } from '../../probes/docker/images.ts';
import { dockerLeftovers } from '../../probes/docker/leftovers.ts';
import { dockerRepositories } from '../../probes/docker/repositories.ts';
import { databaseCorrupt } from '../../probes/metadata/database-corrupt.ts';
import { databaseEmpty } from '../../probes/metadata/database-empty.ts';
import { databaseMissing } from '../../probes/snapshot/database-missing.ts';
import { directoryMissing } from '../../probes/snapshot/directory-missing.ts';
import { orphanDirectory } from '../../probes/snapshot/orphan-directory.ts';
import type { Probe } from '../host/finding.ts';

export const PROBES: readonly Probe[] = [
  notAnswering,
  socketPermission,
  daemonMismatch,
  databaseCorrupt,
  databaseEmpty,
  databaseMissing,
  directoryMissing,
  blobMissing,
  blobCorrupt,
  imageIncomplete,
  ingestStuck,
  orphanFile,
  orphanIngest,
  orphanDirectory,
  dockerContainers,
  dockerRepositories,
  dockerImages,
  dockerLeftovers,
];
