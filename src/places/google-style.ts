// Prints values as Google prints JSON: 3 spaces, `"key" : value`, keys in alphabetical order. Knows nothing of places.

/** A number by its digits: 4.0 stays 4.0, and 20 digits stay 20. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type StyledValue = string | boolean | NumberText | readonly StyledValue[] | StyledObject;

/** A member that is undefined is left out. */
export interface StyledObject {
  readonly [key: string]: StyledValue | undefined;
}

const STEP = '   ';
/** Where Google's printer breaks an array of strings into lines. */
const LINE_WIDTH = 74;

/** `indent` is that of the line on which the value begins. */
export function printStyled(value: StyledValue, indent = ''): string {
  if (typeof value === 'string') return printString(value);
  if (typeof value === 'boolean') return String(value);
  if (value instanceof NumberText) return value.text;
  const inner = indent + STEP;
  if (isList(value)) {
    if (value.every((element) => typeof element === 'string')) return printStrings(value, indent);
    return bracketed(
      '[',
      ']',
      value.map((element) => printStyled(element, inner)),
      indent,
    );
  }
  const members = Object.keys(value)
    .sort()
    .flatMap((key) => {
      const member = value[key];
      return member === undefined ? [] : [`${printString(key)} : ${printStyled(member, inner)}`];
    });
  return bracketed('{', '}', members, indent);
}

/** An array of strings on one line where that fits, else a line each. */
export function printStrings(strings: readonly string[], indent: string): string {
  const printed = strings.map(printString);
  if (printed.length === 0) return '[]';
  const line = `[ ${printed.join(', ')} ]`;
  return line.length < LINE_WIDTH ? line : bracketed('[', ']', printed, indent);
}

function isList(value: readonly StyledValue[] | StyledObject): value is readonly StyledValue[] {
  return Array.isArray(value);
}

function bracketed(open: string, close: string, parts: readonly string[], indent: string): string {
  const inner = indent + STEP;
  return parts.length === 0 ? open + close : `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`;
}

/** Escapes what JsonWriter escapes, too: U+2028 and U+2029 end a line for some readers. */
function printString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
