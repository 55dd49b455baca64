/**
 * What is withheld from every output: environment values, secret-looking arguments and labels, credentials in URLs.
 * The names stay, so that a reader still sees what is set; the values go, whoever reads the report.
 */

export const WITHHELD = '‹withheld›';

// Whole words of a key, after splitting at punctuation and case changes.
const SECRET_WORDS = new Set(
  'password passwd pwd pass passphrase secret secrets token tokens apikey credential credentials creds auth authorization bearer cookie cookies privatekey accesskey secretkey signature dsn webhook'.split(
    ' ',
  ),
);
const SECRET_PAIRS = /(api|private|access|secret|encryption|signing|master|account|session|ssh)[-_. ]?key/i;

// Formats that are secrets whatever they are called: JWT, cloud and forge keys, private keys, bearer webhooks.
// All of this runs over hostile text: a repetition that can begin anywhere may not begin within itself.
const SECRET_VALUES: readonly RegExp[] = [
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,})/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /(?<=hooks\.slack\.com\/services\/)[\w/]+/g,
  /(?<=[?&](?:sig|signature|token|access_token|api_key|apikey|key|password|secret)=)[^&\s"']+/gi,
];
// The password of a URL's user information.
const URL_PASSWORD = /\b([a-z][a-z0-9+.-]{0,40}:\/\/[^\s/:@"']*):([^\s/@"']+)@/gi;
// What follows the name of an HTTP header, with its scheme or without, and a scheme by itself.
const AUTHORIZATION =
  /\b(authorization\s{0,4}[:=]\s{0,4})(?:(?:bearer|basic|token|digest|negotiate)\s{1,4})?[^\s"',;]+/gi;
const BEARER = /\b(bearer\s{1,4})[\w.~+/-]{8,}=*/gi;

// One look that clears almost every text of a container; only the others are searched for each format.
const SUSPICIOUS =
  /:\/\/|eyJ|A[KS]IA|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|-----BEGIN|[?&]\w+=|hooks\.slack|authorization|bearer/i;

/** Whether values under this key are secrets by its name. */
export const isSecretKey = (key: string): boolean =>
  SECRET_PAIRS.test(key) ||
  key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => SECRET_WORDS.has(word));

/** A text with every secret that can be known by its form withheld. */
export const withholdText = (text: string): string => {
  if (!SUSPICIOUS.test(text)) return text;
  let out = text
    .replace(URL_PASSWORD, `$1:${WITHHELD}@`)
    .replace(AUTHORIZATION, `$1${WITHHELD}`)
    .replace(BEARER, `$1${WITHHELD}`);
  for (const pattern of SECRET_VALUES) out = out.replace(pattern, WITHHELD);
  return out;
};

/** Labels or annotations, by key: containerd sends them in another order each time. Secrets are withheld. */
export const withholdLabels = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(labels)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => [key, isSecretKey(key) && value !== '' ? WITHHELD : withholdDocument(value)]),
  );

// kubectl and compose put whole manifests into labels and annotations, environments and all.
function withholdDocument(text: string): string {
  if (!/^\s*[{[]/.test(text)) return withholdText(text);
  try {
    const value: unknown = JSON.parse(text);
    const shown = JSON.stringify(withholdJson(value));
    return shown === JSON.stringify(value) ? text : shown;
  } catch {
    return withholdText(text);
  }
}

/** `NAME=value` pairs of an environment: every value withheld, by default and not by name. */
export const withholdEnv = (env: readonly unknown[]): unknown[] =>
  env.map((entry) => {
    if (typeof entry !== 'string') return WITHHELD;
    const equals = entry.indexOf('=');
    return equals < 0 ? entry : `${entry.slice(0, equals)}=${WITHHELD}`;
  });

/** Arguments: the value of a secret-looking flag withheld, in `--flag=value`, `--flag value` and `KEY=value` form. */
export const withholdArgs = (args: readonly unknown[]): unknown[] => {
  let nextIsSecret = false;
  return args.map((arg) => {
    const isSecret = nextIsSecret && !(typeof arg === 'string' && arg.startsWith('-'));
    nextIsSecret = false;
    if (isSecret) return WITHHELD;
    if (typeof arg !== 'string') return arg;
    const assignment = /^(-{0,2}[\w.-]+)=([\s\S]*)$/.exec(arg);
    if (assignment?.[1] !== undefined && isSecretKey(assignment[1])) return `${assignment[1]}=${WITHHELD}`;
    nextIsSecret = /^--?[\w.-]+$/.test(arg) && isSecretKey(arg);
    return withholdScript(arg);
  });
};

/**
 * Any JSON that came from a container: `env`, `args`, `labels` and `annotations` by their own rules at any depth,
 * values under secret names withheld, all other text searched.
 */
export const withholdJson = (value: unknown): unknown => {
  if (typeof value === 'string') return withholdText(value);
  if (Array.isArray(value)) return value.map(withholdJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withholdMember(key, inner)]));
};

function withholdMember(key: string, inner: unknown): unknown {
  const name = key.toLowerCase();
  if (name === 'env' || name === 'envs' || name === 'environment') return withholdEnvironment(inner);
  if (Array.isArray(inner) && ['args', 'cmd', 'command', 'entrypoint', 'argv'].includes(name)) {
    return withholdArgs(inner);
  }
  if (isSecretKey(key) && isScalarText(inner)) return WITHHELD;
  return withholdJson(inner);
}

// An environment is a list of NAME=value, a map, or (CRI) a list of {key, value}.
function withholdEnvironment(env: unknown): unknown {
  if (Array.isArray(env)) {
    return env.map((entry) =>
      typeof entry === 'object' && entry !== null ? withholdEnvironment(entry) : withholdEnv([entry])[0],
    );
  }
  if (typeof env === 'object' && env !== null) {
    return Object.fromEntries(
      Object.entries(env).map(([key, value]) => [
        key,
        key === 'key' || key === 'name' || key === 'Name' ? value : WITHHELD,
      ]),
    );
  }
  return env === null || env === undefined ? env : WITHHELD;
}

function isScalarText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

// `sh -c 'export DB_PASSWORD=x; tool --token y'`: assignments and flags inside one argument.
function withholdScript(arg: string): string {
  return withholdText(arg)
    .replace(/\b([A-Za-z_][\w]*)=("[^"]*"|'[^']*'|[^\s;&|]+)/g, (whole, key: string) =>
      isSecretKey(key) ? `${key}=${WITHHELD}` : whole,
    )
    .replace(
      /(?<![\w-])(--?[A-Za-z][\w-]*)([ =])("[^"]*"|'[^']*'|[^\s;&|-][^\s;&|]*)/g,
      (whole, flag: string, gap: string) => (isSecretKey(flag) ? `${flag}${gap}${WITHHELD}` : whole),
    );
}
