import type { Action } from './action.ts';

/** 1.6, 4.1 and 6.1: whoever asks may charge. We look after equipment and bill nobody; the tag is not kept. */
export const authorize: Action = () => ({ reply: () => ({ idTagInfo: { status: 'Accepted' } }) });
