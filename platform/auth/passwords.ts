import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { AftercareError, invalidField } from '../errors.ts';

const MIN_LENGTH = 10;
const MAX_LENGTH = 200;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const COST = { N: 16_384, r: 8, p: 1 };

const NOBODY = encode(Buffer.alloc(SALT_BYTES), Buffer.alloc(HASH_BYTES));
/**
 * At most this many derivations run at once: they share the thread pool with the disk writes that
 * acknowledgements wait for.
 */
const MAX_RUNNING = 2;
const MAX_WAITING = 50;

/** 422 on `field` for a password that is too short or absurdly long. */
export function requirePassword(field: string, password: string): void {
  if (password.length >= MIN_LENGTH && password.length <= MAX_LENGTH) return;
  throw invalidField(
    'AUTH_PASSWORD_WEAK',
    field,
    `must have ${MIN_LENGTH} to ${MAX_LENGTH} characters, has ${password.length}`,
  );
}

/** For passwords that people choose: scrypt, slow on purpose. With 50 waiting, the next gets 429 AUTH_BUSY. */
export interface PasswordHasher {
  /** `scrypt$N$r$p$salt$hash`, so the cost can rise without breaking what is stored. */
  hash(password: string): Promise<string>;
  /** False for a wrong password, and for a null hash after the same work: an unknown user takes as long. */
  verify(password: string, stored: string | null): Promise<boolean>;
}

export function createPasswordHasher(): PasswordHasher {
  const lanes: Promise<unknown>[] = Array.from({ length: MAX_RUNNING }, () => Promise.resolve());
  let turn = 0;
  let unfinished = 0;

  async function inTurn(run: () => Promise<Buffer>): Promise<Buffer> {
    if (unfinished >= MAX_RUNNING + MAX_WAITING) {
      throw new AftercareError('AUTH_BUSY', 'too many passwords wait to be checked: try again in a moment', {
        kind: 'too_many',
      });
    }
    unfinished += 1;
    turn = (turn + 1) % MAX_RUNNING;
    const result = (lanes[turn] ?? Promise.resolve()).then(run, run);
    lanes[turn] = result;
    return result.finally(() => {
      unfinished -= 1;
    });
  }

  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES);
      return encode(salt, await inTurn(() => derive(password, salt, COST)));
    },
    verify: async (password, stored) => {
      const [, n, r, p, salt = '', hash = ''] = (stored ?? NOBODY).split('$');
      const cost = { N: Number(n), r: Number(r), p: Number(p) };
      const key = await inTurn(() => derive(password, Buffer.from(salt, 'base64'), cost));
      const expected = Buffer.from(hash, 'base64');
      const isSame = expected.length === key.length && timingSafeEqual(expected, key);
      return isSame && stored !== null;
    },
  };
}

function encode(salt: Buffer, key: Buffer): string {
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64'), key.toString('base64')].join('$');
}

function derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, HASH_BYTES, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
