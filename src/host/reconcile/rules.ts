/** What can be said of an object that Docker and containerd both may know: what is normal, by mode, and what is not. */

/** `expected`: the two differ, and that is as it should be. `stale`: one is behind. `broken`: something that is needed is missing. */
export type ReconcileState = 'agrees' | 'expected' | 'stale' | 'broken' | 'unknown';

interface RuleText {
  readonly state: ReconcileState;
  readonly says: string;
}

/** By name: the state it gives an object, and the rule in words. */
export const RULES = {
  // Images
  'image-leased': {
    state: 'agrees',
    says: "Docker's graphdriver keeps the image, and a lease in containerd keeps its manifests",
  },
  'lease-empty': {
    state: 'expected',
    says: "the image's lease keeps nothing: another namespace had its manifests when it was pulled",
  },
  'image-without-lease': {
    state: 'expected',
    says: 'with a graphdriver, containerd knows nothing of an image that was built, imported or loaded: only a pull leaves a lease',
  },
  'image-record': { state: 'agrees', says: 'Docker lists what containerd has a record of' },
  'image-dangling': {
    state: 'expected',
    says: 'an image without a name has the record moby-dangling@DIGEST where containerd is the image store',
  },
  'image-hidden': {
    state: 'expected',
    says: 'Docker reads the same record and does not list it: a step of a build, or no image that it can run',
  },
  'image-offline': {
    state: 'expected',
    says: "where containerd is the image store, its record is all there is of an image: Docker's list is made of it when it is asked",
  },
  'other-store': {
    state: 'expected',
    says: 'it belongs to an image store that Docker does not use now: hidden, not lost; switching back shows it',
  },
  'reference-without-config': {
    state: 'broken',
    says: 'repositories.json names an image whose config file is missing',
  },
  'config-missing': { state: 'broken', says: 'Docker lists an image whose config file is missing' },
  'config-damaged': { state: 'broken', says: "the image's config file is not what its digest says" },
  'layer-missing': { state: 'broken', says: 'the image names a layer that layerdb does not have' },
  'layer-directory-missing': {
    state: 'broken',
    says: "the layer's folder in the graphdriver is missing, or its content",
  },
  'layer-without-directory': {
    state: 'broken',
    says: 'layerdb has the layer and does not say which folder of the graphdriver holds it',
  },
  'image-layer-broken': { state: 'broken', says: 'the image needs a layer that is broken' },
  'reference-unread': {
    state: 'stale',
    says: 'repositories.json has a name that the running Docker does not have',
  },
  'reference-unwritten': {
    state: 'stale',
    says: 'Docker has a name in memory that repositories.json does not have: it is lost when dockerd restarts',
  },
  'record-missing': { state: 'broken', says: 'Docker lists an image that containerd has no record of' },
  'record-elsewhere': {
    state: 'broken',
    says: "the name means one image to Docker and another by containerd's record",
  },
  'content-missing': {
    state: 'broken',
    says: "containerd's record of the image names content that the namespace does not have",
  },
  // Containers
  running: { state: 'agrees', says: 'Docker says that it runs, and containerd has its task' },
  'at-rest': {
    state: 'expected',
    says: 'containerd has a record of a container only while Docker runs it',
  },
  changing: { state: 'expected', says: 'it changed while it was looked at' },
  foreign: {
    state: 'expected',
    says: "another client made it in the namespace of Docker's containers: Docker neither knows nor touches it",
  },
  'running-without-task': {
    state: 'broken',
    says: 'Docker says that it runs, and containerd has no task of it that does',
  },
  'stopped-with-task': {
    state: 'broken',
    says: 'its task runs, and Docker says that it does not',
  },
  'record-lost': { state: 'broken', says: 'it runs, and containerd has lost its record' },
  'pause-unseen': {
    state: 'stale',
    says: 'one of the two says that it is paused, or not yet started, and the other that it runs',
  },
  'task-left': { state: 'stale', says: 'it has ended, and containerd still keeps its task' },
  'record-left': { state: 'stale', says: 'it does not run, and containerd still keeps its record' },
  'file-behind': {
    state: 'stale',
    says: "the state in Docker's own file is not the one that containerd has; dockerd could not be asked",
  },
  'container-unloaded': {
    state: 'broken',
    says: 'its folder is there, and the running Docker has not loaded it',
  },
  'container-unwritten': {
    state: 'broken',
    says: 'Docker has it in memory, and its folder is gone: it is lost when dockerd restarts',
  },
  'snapshot-missing': {
    state: 'broken',
    says: 'the snapshot with what the container has written is missing',
  },
  'lease-missing': {
    state: 'broken',
    says: "no lease keeps the container's snapshot: the next garbage collection removes what it has written",
  },
  'mount-missing': { state: 'broken', says: "layerdb does not have the container's writable layer" },
  'mount-directory-missing': {
    state: 'broken',
    says: "the folder of the container's writable layer is missing, or its content",
  },
  'task-unowned': {
    state: 'broken',
    says: 'a task runs that neither Docker nor a record in containerd answers for',
  },
  'record-unowned': { state: 'stale', says: 'Docker made the record, and has no such container any more' },
  // What only one of the two has
  'lease-operation': {
    state: 'expected',
    says: 'a lease of a pull, a build or another client; it is not of one image or container',
  },
  'lease-leaked': {
    state: 'stale',
    says: 'a lease that never ends, of an image or container that Docker does not have',
  },
  'snapshot-leaked': {
    state: 'stale',
    says: 'what a container has written, of a container that Docker does not have',
  },
  'mount-leaked': {
    state: 'stale',
    says: 'a writable layer in layerdb, of a container that Docker does not have',
  },
  'directory-orphaned': {
    state: 'stale',
    says: "a folder of the graphdriver that no layer, no container and no build's snapshot names",
  },
  unread: { state: 'unknown', says: 'not compared: a fact that decides could not be read' },
} as const satisfies Readonly<Record<string, RuleText>>;

export type RuleName = keyof typeof RULES;

/** The worst first: what a row with several of them is. */
export const STATES: readonly ReconcileState[] = ['broken', 'stale', 'unknown', 'expected', 'agrees'];
