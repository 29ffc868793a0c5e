/**
 * Which texts might be taken for one another.
 *
 * A text's likeness is the text without case, marks, spaces and invisible characters, in compatibility decomposition; what is
 * not ASCII after that may stand for any one character. Different ASCII characters are different, however alike they look.
 */

/** Stands for any one character. */
const any = "\uFFFD"
const charactersMax = 65_536

const signsOf = (character: string): string => {
  if (/^[!-~]$/.test(character)) return character.toLowerCase()
  const plain = character.normalize("NFKD").replace(/[\p{M}\p{C}\p{Default_Ignorable_Code_Point}\s]/gu, "")
  return plain
    .toUpperCase()
    .toLowerCase()
    .replace(/[^!-~]/gu, any)
}

/**
 * A text's likeness, of which no more is made than can be compared with one of `lengthMax`; undefined if that takes more than
 * 65 536 characters of text. Texts with the same likeness look like the same texts.
 */
export const of = (text: string, lengthMax: number): string | undefined => {
  let likeness = ""
  let count = 0
  for (const character of text) {
    if (likeness.length > lengthMax) return likeness
    if (++count > charactersMax) return undefined
    likeness += signsOf(character)
  }
  return likeness
}

/** Whether texts with these likenesses might be taken for one another. */
export const areClose = (left: string, right: string): boolean => {
  if (left.length !== right.length) return false
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index] && left[index] !== any && right[index] !== any) return false
  }
  return true
}
