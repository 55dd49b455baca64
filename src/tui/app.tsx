import { Box, Text } from 'ink';
import { memo, type ReactElement, useSyncExternalStore } from 'react';
import type { Block, Picture } from './picture.ts';

/** The whole screen: every block of the picture at its place. */
export const App = ({
  subscribe,
  picture,
}: {
  readonly subscribe: (listener: () => void) => () => void;
  readonly picture: () => Picture;
}): ReactElement => {
  const { width, height, blocks } = useSyncExternalStore(subscribe, picture);
  return (
    <Box width={width} height={height}>
      {blocks.map((block) => (
        <BlockBox key={block.id} block={block} />
      ))}
    </Box>
  );
};

// Its lines fit exactly, so nothing needs to be clipped: that would cost Ink a third of its time.
const BlockBox = memo(
  ({ block: { rect, text } }: { readonly block: Block }): ReactElement => (
    <Box position="absolute" left={rect.x} top={rect.y} width={rect.width} height={rect.height}>
      <Text wrap="truncate-end">{text}</Text>
    </Box>
  ),
);
