#!/usr/bin/env node
// The `drover` command. Everything it can do is in program.ts; this file only joins that to the process.
import { inlineMore } from './compiler.ts';
import { runProgram } from './program.ts';

inlineMore();
// Not process.exit(): what is still on its way to a pipe gets there first.
process.exitCode = await runProgram(process.argv);
