/** JSON whose integers keep all their digits: those that a number cannot hold become a bigint. */
export const exactJson = (text: string): unknown =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    if (source === undefined) throw new Error('this Node does not show the source of a number; 22 does');
    return /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
