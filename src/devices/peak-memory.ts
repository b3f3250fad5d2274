/** The peak resident memory of this process so far, e.g. `0.81 GiB`. */
export const peakMemory = (): string => `${(process.resourceUsage().maxRSS / 2 ** 20).toFixed(2)} GiB`; // maxRSS counts KiB
