/**
 * Unicode as the Rust library tokenizers knows it: its tables of decompositions and combining marks are of Unicode 9, those of
 * a JavaScript engine of a newer version, which differs from engine to engine. Characters that came later stay as they
 * are here, as they do in transformers.
 */

/** Characters after Unicode 9 (up to 17) that decompose or are marks, with neighbours that are neither. */
const NEWER =
  '\\u07fd\\u0897-\\u08d3\\u09fe\\u0afa-\\u0aff\\u0b55\\u0c04-\\u0c3c\\u0cf3-\\u0d00\\u0d3b\\u0d3c\\u0d81\\u0eba\\u0ece\\u1715\\u180f' +
  '\\u1abf-\\u1aeb\\u1cf7\\u1df6-\\u1dfa\\u32ff\\ua7f1-\\ua7f4\\ua82c\\ua8ff\\uab69\\u{105c9}-\\u{105e4}\\u{10781}-\\u{107ba}' +
  '\\u{10d24}-\\u{10d27}\\u{10d69}-\\u{10d6d}\\u{10eab}\\u{10eac}\\u{10efa}-\\u{10eff}\\u{10f46}-\\u{10f85}\\u{11070}-\\u{11074}' +
  '\\u{110c2}\\u{11145}\\u{11146}\\u{111c9}\\u{111ce}\\u{111cf}\\u{11241}\\u{1133b}\\u{11383}-\\u{113e2}\\u{1145e}\\u{1182c}-\\u{1183a}' +
  '\\u{11930}-\\u{11943}\\u{119d1}-\\u{11a99}\\u{11b60}-\\u{11b67}\\u{11d31}-\\u{11d47}\\u{11d8a}-\\u{11d97}\\u{11ef3}-\\u{11f5a}' +
  '\\u{13440}-\\u{13455}\\u{1611e}-\\u{1612f}\\u{16d68}-\\u{16d6a}\\u{16f4f}\\u{16f7f}-\\u{16f87}\\u{16fe4}-\\u{16ff1}' +
  '\\u{1ccd6}-\\u{1ccf9}\\u{1cf00}-\\u{1cf46}\\u{1e030}-\\u{1e08f}\\u{1e130}-\\u{1e136}\\u{1e2ae}-\\u{1e2ef}\\u{1e4ec}-\\u{1e4ef}' +
  '\\u{1e5ee}\\u{1e5ef}\\u{1e6e3}-\\u{1e6f5}\\u{1f16c}\\u{1fbf0}-\\u{1fbf9}';
const OLDER_RUN = new RegExp(`[^${NEWER}]+`, 'gu');
// U+1CF2 and U+1CF3 were marks then and are letters now.
const MARK = new RegExp(`^(?:(?![${NEWER}])\\p{M}|[\\u1cf2\\u1cf3])$`, 'u');

/** The canonical (NFD) or compatibility (NFKD) decomposition of a text. */
export const decomposition = (text: string, form: 'NFD' | 'NFKD'): string =>
  text.replaceAll(OLDER_RUN, (run) => run.normalize(form));

/** Whether a code point is a combining mark. */
export const isCombiningMark = (codePoint: number): boolean =>
  codePoint >= 0x300 && MARK.test(String.fromCodePoint(codePoint));
