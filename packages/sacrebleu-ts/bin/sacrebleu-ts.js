#!/usr/bin/env node
import { readFileSync, writeSync } from 'node:fs';
import { main } from '../dist/cli/main.js';

process.stdout.on('error', (error) => {
  // The reader, e.g. head, has seen enough.
  process.exit(error.code === 'EPIPE' ? 0 : 70);
});

process.exitCode = await main(process.argv.slice(2), {
  environment: process.env,
  isTerminal: process.stdout.isTTY === true,
  isStdinTerminal: process.stdin.isTTY === true,
  readStdin: () => readFileSync(0),
  out: (text) => process.stdout.write(text),
  err: (text) => writeSync(2, text),
});
