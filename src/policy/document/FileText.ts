/** The text of a file of an operator; undefined if it is not UTF-8: what was lost in reading would decide otherwise. */
export const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
