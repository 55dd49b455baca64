/** Every probe of the program. */
import { daemonMismatch } from '../../probes/containerd/daemon-mismatch.ts';
import { notAnswering } from '../../probes/containerd/not-answering.ts';
import { socketPermission } from '../../probes/containerd/socket-permission.ts';
import type { Probe } from '../host/finding.ts';

export const PROBES: readonly Probe[] = [notAnswering, socketPermission, daemonMismatch];
