/** The first line: whose host this is, which daemons answer, and how fresh the picture is. */
import { isUnknown, type Observed, seenValue } from '../host/observed.ts';
import { facet, type HostSnapshot } from '../host/snapshot.ts';
import { truncateMiddle } from '../text/width.ts';
import { screenText } from './foreign.ts';
import type { State } from './model.ts';
import { placeInPast } from './past.ts';
import { justify, type Line, type Span, span, spansWidth } from './spans.ts';
import { ageSeconds, isRecorded, isStale } from './status.ts';

const DOT = span(' · ', 'muted');

export const titleLine = (state: State, cells: number): Line => {
  const name = span(truncateMiddle(screenText(hostName(state)), Math.floor(cells / 3)), 'strong');
  const left: readonly Span[] = [span(' ctrscope', 'brand'), span('  '), name];
  const facts = factsOf(state);
  // From the fullest to the barest: words give way before facts do.
  const tries = [
    placed(left, facts, rightSide(state, 'read-only'), 'full', cells),
    placed(left, facts, rightSide(state, 'RO'), 'full', cells),
    placed(left, facts, rightSide(state, 'RO'), 'short', cells),
  ];
  return (tries.find(({ isWhole }) => isWhole) ?? tries[2] ?? { line: { spans: left } }).line;
};

/** One thing that is worth its place; of less importance are those with higher numbers, and they go first. */
interface Fact {
  readonly importance: number;
  readonly full: readonly Span[];
  readonly short: readonly Span[];
}

// The address is known from the command line: the line is whole without it.
const MAY_GO = 9;

function placed(
  left: readonly Span[],
  facts: readonly Fact[],
  right: readonly Span[],
  form: 'full' | 'short',
  cells: number,
): { readonly line: Line; readonly isWhole: boolean } {
  let room = cells - spansWidth(left) - spansWidth(right) - 1;
  const kept = new Set<Fact>();
  for (const fact of facts.toSorted((a, b) => a.importance - b.importance)) {
    const needed = spansWidth([DOT, ...fact[form]]);
    if (needed > room) continue;
    kept.add(fact);
    room -= needed;
  }
  const shown = facts.filter((fact) => kept.has(fact)).flatMap((fact) => [DOT, ...fact[form]]);
  const isWhole = room >= 0 && facts.every((fact) => kept.has(fact) || fact.importance >= MAY_GO);
  return { line: justify([...left, ...shown], right, cells), isWhole };
}

function hostName(state: State): string {
  // A recording's title says that it is one.
  if (isRecorded(state)) return state.title.host;
  const system = state.shown === null ? undefined : seenValue(facet(state.shown.host, 'host.system'));
  return system?.hostname ?? state.title.host;
}

function factsOf(state: State): readonly Fact[] {
  const address = truncateMiddle(screenText(state.title.address), 40);
  if (state.shown === null) return [textFact(1, address)];
  const { host } = state.shown;
  const runc = runcVersion(host);
  const system = seenValue(facet(host, 'host.system'));
  return [
    ...dockerFact(host),
    containerdFact(state, host),
    ...(runc === undefined ? [] : [textFact(4, `runc ${plainVersion(runc)}`)]),
    ...(system === undefined || system.cgroups === 'unknown'
      ? []
      : [textFact(3, `cgroup ${system.cgroups}`)]),
    // Of a recording it says how old all of this is.
    textFact(isRecorded(state) ? 0 : MAY_GO, address),
  ];
}

function textFact(importance: number, text: string): Fact {
  return { importance, full: [span(text)], short: [span(text)] };
}

type Standing = 'answers' | 'silent' | 'unknown';

function daemonFact(importance: number, name: string, version: string | undefined, standing: Standing): Fact {
  const known = span(version === undefined ? name : `${name} ${plainVersion(version)}`);
  switch (standing) {
    case 'answers': {
      const spans = [known, span(' '), span('●', 'ok')];
      return { importance, full: spans, short: spans };
    }
    case 'silent':
      return {
        importance,
        full: [known, span(' ✗ not answering', 'bad')],
        short: [span(name), span(' ✗', 'bad')],
      };
    case 'unknown':
      return {
        importance,
        full: [known, span(' ? unknown', 'unknown')],
        short: [span(name), span(' ?', 'unknown')],
      };
  }
}

// A Docker that there is not has no place here; neither has one that nobody asked about.
function dockerFact(host: HostSnapshot): readonly Fact[] {
  const endpoint = facet(host, 'docker.endpoint');
  if (endpoint.state === 'absent' || endpoint.state === 'notCollected') return [];
  return [daemonFact(2, 'docker', seenValue(endpoint)?.version, standingOf(endpoint))];
}

function containerdFact(state: State, host: HostSnapshot): Fact {
  const version = facet(host, 'containerd.version');
  const standing = isRecorded(state)
    ? standingOf(version)
    : state.connection.state === 'lost'
      ? 'silent'
      : state.connection.state === 'live'
        ? standingOf(version)
        : 'unknown';
  return daemonFact(1, 'containerd', seenValue(version)?.version, standing);
}

function standingOf(fact: Observed<unknown>): Standing {
  if (!isUnknown(fact)) return 'answers';
  return fact.state === 'unreachable' || fact.state === 'timeout' ? 'silent' : 'unknown';
}

// Only Docker says which runc there is; containerd's shims choose theirs one by one.
function runcVersion(host: HostSnapshot): string | undefined {
  const components = seenValue(facet(host, 'docker.endpoint'))?.components;
  return components?.state === 'seen'
    ? components.value.find(({ name }) => name.toLowerCase() === 'runc')?.version
    : undefined;
}

// `v2.1.4-1+deb` of a distribution is `2.1.4-1` to a reader, and foreign text in any case.
function plainVersion(version: string): string {
  return truncateMiddle(screenText(version.replace(/^v/, '').replace(/\+.*$/, '')), 16);
}

function rightSide(state: State, rights: 'read-only' | 'RO'): readonly Span[] {
  return [span(rights, 'muted'), DOT, ...freshness(state), span(' ')];
}

function freshness(state: State): readonly Span[] {
  const time = state.shown === null ? [] : [span(' '), span(clock(state.shown.host.at))];
  const { newer, older, seconds } = placeInPast(state);
  if (state.paused && newer > 0) {
    return [span(`‖ paused, ${seconds} s back (${newer}/${newer + older})`, 'paused'), ...time];
  }
  if (state.connection.state === 'waiting') return [span('◌ connecting', 'created')];
  if (state.shown?.host.from === 'disk') return [span('◫ disk', 'warn'), ...time];
  if (isRecorded(state)) return [span('◫ recorded', 'warn'), ...time];
  if (state.connection.state !== 'live') return [span('✗ disconnected', 'bad'), ...time];
  if (state.paused) return [span('‖ paused', 'paused'), ...time];
  if (isStale(state)) return [span(`? stale, ${ageSeconds(state)} s old`, 'warn'), ...time];
  return [span('● live', 'ok'), ...time];
}

// The moment of the picture in the reader's own time zone; no seconds, for they would be all that changes.
function clock(at: string): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return Number.isNaN(date.getTime()) ? '--:--' : `${two(date.getHours())}:${two(date.getMinutes())}`;
}
