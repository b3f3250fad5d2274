/** The first 9 bytes of an `.idx` file of fairseq's mmap datasets. */
export const INDEX_MAGIC = 'MMIDIDX\0\0';

/** Version of the `.idx` format. */
export const INDEX_VERSION = 1;
/** magic (9), version (uint64), dtype code (1), number of sentences (uint64). */
export const INDEX_HEADER_BYTES = 26;

/** The encoding of ids in a `.bin` file, little-endian. */
export interface IdType {
  /** fairseq's code for the type in the header of the `.idx` file. */
  readonly code: number;
  readonly bytes: number;
  read(view: DataView, offset: number): number;
}

const UINT16: IdType = {
  code: 8,
  bytes: 2,
  read: (view, offset) => view.getUint16(offset, true),
};
const UINT32: IdType = {
  code: 9,
  bytes: 4,
  read: (view, offset) => view.getUint32(offset, true),
};
const INT64: IdType = {
  code: 5,
  bytes: 8,
  read: (view, offset) => Number(view.getBigInt64(offset, true)),
};

const ID_TYPES: readonly IdType[] = [
  { code: 1, bytes: 1, read: (view, offset) => view.getUint8(offset) },
  { code: 2, bytes: 1, read: (view, offset) => view.getInt8(offset) },
  { code: 3, bytes: 2, read: (view, offset) => view.getInt16(offset, true) },
  { code: 4, bytes: 4, read: (view, offset) => view.getInt32(offset, true) },
  INT64,
  { code: 6, bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
  { code: 7, bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
  UINT16,
  UINT32,
  { code: 10, bytes: 8, read: (view, offset) => Number(view.getBigUint64(offset, true)) },
];

/** The id type with fairseq's code, or undefined if there is none. */
export function idTypeOf(code: number): IdType | undefined {
  return ID_TYPES.find((type) => type.code === code);
}

/** The type that fairseq uses for ids of a vocabulary of this size; uint32 if the size is null (alignments). */
export function idTypeFor(vocabularySize: number | null): IdType {
  if (vocabularySize === null) return UINT32;
  if (vocabularySize < 65_500) return UINT16;
  return vocabularySize < 2 ** 32 - 1 ? UINT32 : INT64;
}
