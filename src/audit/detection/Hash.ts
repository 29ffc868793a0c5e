/** Spreads the bits of a number: the last step of MurmurHash3, which loses nothing. */
export const spread = (number: number): number => {
  let hash = number
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A number for a text. Texts of a guest that were made to have the same one only make it look tidier than it is. */
export const ofText = (text: string): number => {
  let hash = 0x811c_9dc5
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
  return spread(hash)
}
