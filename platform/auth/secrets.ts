import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AftercareError } from '../errors.ts';

const SECRET_BYTES = 20;
const KEY_BYTES = 32;

/** A new secret of 160 bits as 40 hex digits: guessing it is hopeless, so one HMAC is enough to store it. */
export function generateSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

/** Turns generated secrets into what we store. Not for passwords that people choose. */
export interface SecretHasher {
  hash(secret: string): Buffer;
  /** Takes the same time wherever the difference lies. */
  verify(secret: string, hash: Buffer): boolean;
}

/** HMAC-SHA-256 under the server key; `purpose` keeps the hashes of one use from being accepted in another. */
export function createSecretHasher(key: Buffer, purpose: string): SecretHasher {
  const purposeKey = deriveKey(key, purpose);
  const hash = (secret: string) => createHmac('sha256', purposeKey).update(secret).digest();
  return {
    hash,
    verify: (secret, stored) => {
      const given = hash(secret);
      return given.length === stored.length && timingSafeEqual(given, stored);
    },
  };
}

/** A key of 32 bytes for one purpose, from the server key. */
export function deriveKey(key: Buffer, purpose: string): Buffer {
  return createHmac('sha256', key).update(purpose).digest();
}

/**
 * The server key: SECRET_KEY if the operator set one (any text of 32 characters or more), else the file
 * `secret.key` in the data folder, made on first start and readable by its owner only.
 */
export async function loadSecretKey(dataDir: string, envValue: string | null): Promise<Buffer> {
  if (envValue !== null) return keyFromText(envValue);
  const path = join(dataDir, 'secret.key');
  await mkdir(dataDir, { recursive: true });
  try {
    await writeFile(path, `${randomBytes(KEY_BYTES).toString('hex')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  await chmod(path, 0o600);
  const text = (await readFile(path, 'utf8')).trim();
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new AftercareError(
      'AUTH_SECRET_KEY_INVALID',
      `${path} is not 64 hex digits: restore it from a backup, or delete it to sign everybody out and issue new device passwords`,
    );
  }
  return Buffer.from(text, 'hex');
}

function keyFromText(text: string): Buffer {
  if (text.length < 32) {
    throw new AftercareError('AUTH_SECRET_KEY_SHORT', 'SECRET_KEY must have 32 characters or more');
  }
  return deriveKey(Buffer.from(text), 'server-key');
}
