/** Files of an operator as texts: of policies, of templates, and what a command is given. */

/** Of a policy or a template. */
export const bytesMax = 1_048_576

/** The text of a file; undefined if it is not UTF-8: what was lost in reading would decide otherwise. */
export const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
