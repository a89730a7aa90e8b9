/** Where the plot stands in the picture, and the few elements that all its parts are made with. */

export const plot = { width: 1120, left: 76, right: 24 } as const;
export const plotWidth = plot.width - plot.left - plot.right;

export function text(x: number, y: number, words: string, classes: string): string {
  return `<text class="${classes}" x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}">${escaped(words)}</text>`;
}

export function escaped(words: string): string {
  return words.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
