import { type Static, Type } from 'typebox';

/** Text we ship, in every language the console speaks. */
export const LocalText = Type.Object(
  { 'zh-CN': Type.String(), en: Type.String() },
  { additionalProperties: false },
);
export type LocalText = Static<typeof LocalText>;
