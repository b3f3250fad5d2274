/** The most memory that this process has had resident so far, e.g. `0.81 GiB`. */
export const peakMemory = (): string => `${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`; // maxRSS counts KiB
