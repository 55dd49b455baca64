/** The filter and palette lines while they are typed. */
import type { KeyEvent } from './input.ts';
import { type Draft, draftOf, editDraft, insert } from './line-edit.ts';
import { listState, type Prompt, type State, type Step } from './model.ts';
import { completions, type Order, parseOrder } from './palette.ts';

const LONGEST_HISTORY = 200;

/** The state after a key that edits the line; the list follows a filter as it is typed. */
export const editPrompt = (state: State, prompt: Prompt, key: KeyEvent): State => {
  const draft = editDraft(prompt.draft, key);
  return draft === undefined ? state : withDraft(state, prompt, draft);
};

export const insertIntoPrompt = (state: State, prompt: Prompt, text: string): State =>
  withDraft(state, prompt, insert(prompt.draft, text));

/** Enter: the filter stays and the line closes; a command runs, or says what is wrong with it. */
export const acceptPrompt = (state: State, run: (state: State, order: Order) => Step): Step => {
  const { prompt } = state;
  if (prompt === null) return { state, effects: [] };
  const closed: State = { ...state, prompt: null };
  const text = prompt.draft.text.trim();
  if (prompt.kind === 'filter' || text === '') return { state: closed, effects: [] };
  const order = parseOrder(text, state);
  if (order.kind === 'wrong') {
    return { state: { ...state, prompt: { ...prompt, complaint: order.why } }, effects: [] };
  }
  const history = [text, ...state.history.filter((old) => old !== text)].slice(0, LONGEST_HISTORY);
  return run({ ...closed, history }, order);
};

/** Tab: as much as all completions share, or else the first of them. */
export const completePrompt = (state: State): State => {
  const { prompt } = state;
  if (prompt?.kind !== 'palette') return state;
  const offered = completions(prompt.draft.text, state);
  const [first] = offered;
  if (first === undefined) return state;
  const shared = offered.reduce(sharedStart);
  const isLonger = shared.length > prompt.draft.text.trimStart().length;
  return withDraft(state, prompt, draftOf(isLonger ? shared : first));
};

/** Arrows: through the commands that were run, and back to the empty line. */
export const recall = (state: State, prompt: Prompt, by: 1 | -1): State => {
  const past = Math.max(-1, Math.min(prompt.past + by, state.history.length - 1));
  const text = past < 0 ? '' : (state.history[past] ?? '');
  return { ...state, prompt: { ...prompt, past, draft: draftOf(text), complaint: null } };
};

function withDraft(state: State, prompt: Prompt, draft: Draft): State {
  const typed: State = { ...state, prompt: { ...prompt, draft, complaint: null } };
  if (prompt.kind === 'palette' || draft.text === listState(state).filter) return typed;
  // From the top, unless the selected row still matches.
  const list = { ...listState(state), filter: draft.text, index: 0, top: 0 };
  return { ...typed, lists: { ...state.lists, [state.view]: list } };
}

function sharedStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return a.slice(0, length);
}
