/**
 * The decoder libraries write to the console what they also report. They work before they first wait, so this mutes
 * only them.
 */
export function quietly<T>(work: () => T): T {
  const { error, warn } = console;
  console.error = console.warn = () => {};
  try {
    return work();
  } finally {
    Object.assign(console, { error, warn });
  }
}
