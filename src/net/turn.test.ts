import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Turn } from './turn.ts';

interface Made {
  readonly text: string;
  readonly acknowledge: boolean;
  readonly isFree: boolean;
}

const made = fc.record({ text: fc.stringMatching(/^[a-z]{0,9}$/), acknowledge: fc.boolean(), isFree: fc.boolean() });

test('whoever has replies in a turn gets these, once, in order, however often the turn serves again', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(made, { maxLength: 5 }), fc.boolean())), (turns) => {
      const turn = new Turn(new Uint8Array(new ArrayBuffer(80), 16));
      for (const [answers, kept] of turns) {
        const told: string[] = [];
        let end = 0;
        assert.ok(turn.isEmpty);
        for (const { text, acknowledge, isFree } of answers) {
          const start = end;
          end += Buffer.from(turn.bytes.buffer, turn.bytes.byteOffset).write(text, start);
          const turnEnded = (replies: Uint8Array, isKept: boolean): boolean => {
            told.push(`${Buffer.from(replies)} ${isKept}`);
            return isFree;
          };
          turn.add({ turnEnded }, start, end, acknowledge);
        }
        assert.equal(turn.isEmpty, answers.length === 0);
        assert.equal(
          turn.acknowledges,
          answers.some(({ acknowledge }: Made) => acknowledge),
        );
        assert.equal(
          turn.leave(kept),
          answers.every(({ isFree }) => isFree),
        );
        assert.deepEqual(
          told,
          answers.map(({ text, acknowledge }) => `${text} ${kept || !acknowledge}`),
        );
      }
    }),
  );
});
