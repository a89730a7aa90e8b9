/** Seconds of processor time so far: what a test may ask for on a machine that others keep busy. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
