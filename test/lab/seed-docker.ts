import { importDockerImages } from './images.ts';
import type { Lab } from './lab.ts';
import { until } from './until.ts';

/** What the seed has made in a lab's Docker. */
export type SeededDocker = {
  readonly images: readonly string[];
  readonly containers: readonly {
    readonly name: string;
    readonly id: string;
    readonly status: 'running' | 'paused' | 'exited' | 'created';
  }[];
};

type DockerSeed = {
  readonly name: string;
  readonly status: SeededDocker['containers'][number]['status'];
  readonly options: readonly string[];
  readonly image: string;
  readonly command: readonly string[];
};

/** Images, and containers in every state that a quiet host has; what is there already stays. */
export const seedDocker = async (lab: Lab, canary: string): Promise<SeededDocker> => {
  const [image = '', imported = ''] = await importDockerImages(lab);
  const sleep = ['/bin/sleep', '86400'];
  const shop = ['--label', 'com.example.project=shop'];
  const seeds: readonly DockerSeed[] = [
    {
      name: 'shop-web',
      status: 'running',
      options: [...shop, '--cpus', '1.5', '--memory', '64m', '--pids-limit', '50'],
      image,
      command: ['/bin/sh', '-c', 'echo listening; while :; do sleep 1; done'],
    },
    {
      name: 'shop-db',
      status: 'running',
      options: [
        ...shop,
        '--env',
        `DB_PASSWORD=${canary}`,
        '--memory-reservation',
        '32m',
        '--cpu-shares',
        '512',
      ],
      image,
      command: sleep,
    },
    { name: 'plain', status: 'running', options: [], image: imported, command: sleep },
    { name: 'shop-paused', status: 'paused', options: shop, image, command: sleep },
    {
      name: 'shop-migrate',
      status: 'exited',
      options: shop,
      image,
      command: ['/bin/sh', '-c', 'echo failed >&2; exit 3'],
    },
    { name: 'shop-spare', status: 'created', options: shop, image, command: sleep },
  ];
  const there = (await lab.docker(['ps', '--all', '--format', '{{.Names}}'])).stdout.split('\n');
  for (const seed of seeds) if (!there.includes(seed.name)) await make(lab, seed);
  const names = seeds.map(({ name }) => name);
  const { stdout } = await lab.docker(['inspect', '--format', '{{.Id}}', ...names]);
  const ids = stdout.split('\n');
  return {
    images: [image, imported],
    containers: seeds.map(({ name, status }, i) => ({ name, status, id: ids[i] ?? '' })),
  };
};

const make = async (lab: Lab, { name, status, options, image, command }: DockerSeed): Promise<void> => {
  const verb = status === 'created' ? ['create'] : ['run', '--detach'];
  await lab.docker([...verb, '--name', name, '--network', 'none', ...options, image, ...command]);
  if (status === 'paused') await lab.docker(['pause', name]);
  if (status === 'exited') {
    await until(`Docker container ${name} of lab ${lab.tag} has exited`, async () => {
      const { stdout } = await lab.docker(['inspect', '--format', '{{.State.Status}}', name]);
      return stdout === 'exited' ? true : undefined;
    });
  }
};
