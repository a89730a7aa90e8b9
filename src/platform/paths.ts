/** The last part of a path, with / or \\ between the parts. */
export function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** A file's name without its extension; a name that begins with its only dot stays. */
export function fileStem(path: string): string {
  return fileName(path).replace(/(?<=.)\.[^.]*$/, '');
}
