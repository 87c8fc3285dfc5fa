/** Stands for a family where a code only tells what the equipment is doing (defrost, test): it opens nothing. */
export const STATE_CODE = 'state';

/** What each code means: a fault family, or {@link STATE_CODE}. */
export type FaultCodeTable = Readonly<Record<string, string>>;

/**
 * The codes of one vendor's series (or of a protocol). The same code means different things elsewhere, even on
 * another series of that vendor, so a map is never shared between series. `sources` says where it was published.
 */
export interface FaultCodeMap {
  readonly vendor: string;
  readonly series: string;
  readonly sources: readonly string[];
  readonly codes: FaultCodeTable;
}

/** A map from its codes, listed by the family they mean and parted by blanks. */
export function faultCodeMap({
  codesOf,
  ...rest
}: Omit<FaultCodeMap, 'codes'> & { readonly codesOf: Readonly<Record<string, string>> }): FaultCodeMap {
  const codes: Record<string, string> = {};
  for (const [family, listed] of Object.entries(codesOf)) {
    for (const code of listed.split(' ')) codes[code] = family;
  }
  return { ...rest, codes };
}
