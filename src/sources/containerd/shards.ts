/**
 * Lists that have no streaming call and outgrow the message limit, read in parts.
 *
 * A part is a filter on a text field. Splitting by prefix would not split `docker.io/library/…` from itself, so the parts
 * are hashes that RE2 can compute: whether the number of characters of a class in the name is even. Classes are the bits
 * of the character code, which are independent enough that names which differ at all soon fall into different parts.
 */
import { CallFailure, STATUS } from './failure.ts';

const DEPTH = 7;

/**
 * All items of a list: in one call where that fits, else in as many parts as it takes.
 * @param field the filter's field path, e.g. `name`
 * @param list one call with the given filters; none means everything
 * @throws CallFailure of the first part that fails, `truncated` when even the smallest part is over the limit
 */
export const listSharded = async <Item>(
  field: string,
  list: (filters: string[]) => Promise<Item[]>,
): Promise<Item[]> => {
  const part = async (conditions: readonly string[]): Promise<Item[]> => {
    try {
      return await list(conditions.length === 0 ? [] : [conditions.join(',')]);
    } catch (error) {
      const overLimit = error instanceof CallFailure && error.code === STATUS.RESOURCE_EXHAUSTED;
      if (!overLimit || conditions.length === DEPTH) throw error;
    }
    const [even, odd] = parityPatterns(conditions.length);
    return [
      ...(await part([...conditions, condition(field, even)])),
      ...(await part([...conditions, condition(field, odd)])),
    ];
  };
  return part([]);
};

/** Two regular expressions of which exactly one matches any text: even or odd number of characters with the bit set. */
export const parityPatterns = (bit: number): readonly [even: string, odd: string] => {
  const members = Array.from({ length: 0x7f - 0x21 }, (_, i) => 0x21 + i).filter((code) => (code >> bit) & 1);
  const set = members.map((code) => `\\x${code.toString(16)}`).join('');
  const one = `[${set}]`;
  const other = `[^${set}]*`;
  return [
    `^${other}(${one}${other}${one}${other})*$`,
    `^${other}${one}${other}(${one}${other}${one}${other})*$`,
  ];
};

// The filter's values are Go string literals: backslashes and quotes are escaped once more.
function condition(field: string, pattern: string): string {
  return `${field}~="${pattern.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
