export { platform } from './node.ts';
export type { FilePlace, OpenFile, Platform, Thread, ThreadListener, ThreadTask } from './platform.ts';
