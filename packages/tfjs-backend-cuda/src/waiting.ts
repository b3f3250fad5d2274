/** How often `waitUntil` looks in every turn of the event loop, before it looks once a millisecond. */
const EAGER_LOOKS = 64;

const pause = (looks: number): Promise<void> =>
  new Promise((resolve) => {
    if (looks < EAGER_LOOKS) setImmediate(resolve);
    else setTimeout(resolve, 1);
  });

/** Lets other code run until a condition holds. */
export async function waitUntil(isDone: () => boolean): Promise<void> {
  for (let looks = 0; !isDone(); looks++) await pause(looks);
}
