import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Runs one critical section at a time, across processes.
 * flock(1) holds the kernel's lock for as long as the pipe from this process is open, so a killed
 * owner leaves no lock behind.
 */
export const withFileLock = async <T>(file: string, section: () => Promise<T>): Promise<T> => {
  mkdirSync(dirname(file), { recursive: true });
  const owner = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => {
    owner.once('close', () => resolve());
    owner.once('error', () => resolve());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      owner.stdout.once('data', () => resolve());
      owner.once('error', (error) => reject(new Error(`unable to lock ${file}: ${error.message}`)));
      owner.once('close', (code) => reject(new Error(`unable to lock ${file}: flock ended with ${code}`)));
    });
    return await section();
  } finally {
    owner.stdin.end();
    await ended;
  }
};
