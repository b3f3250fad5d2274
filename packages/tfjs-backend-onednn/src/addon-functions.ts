// Written by test/addon-signatures.test.ts from the signatures in cc/addon.cc:
//   npx vitest run packages/tfjs-backend-onednn/test/addon-signatures.test.ts --update

/** The functions of the add-on. The headers in cc/kernels say what they compute. */
export interface AddonFunctions {
  describe(): { oneDnnVersion: string; threads: number; isa: string };
  bestBuild(): string;
  setThreads(threads: number): void;
  setBfloat16(on: boolean): void;
  canBfloat16(): boolean;
  cachedPrimitives(): number;
  newBlock(bytes: number): ArrayBuffer;
  releaseBlock(block: ArrayBuffer): void;
  misalignment(memory: Float32Array): number;
  linear(args: {
    x: Float32Array; // [rows, inputs]
    weight: Float32Array; // [outputs, inputs]
    bias: Float32Array; // [outputs]
    y: Float32Array; // [rows, outputs]
    rows: number; // ≥ 0
    inputs: number; // ≥ 0
    outputs: number; // ≥ 0
    relu: boolean;
  }): void;
  linearGrad(args: {
    x: Float32Array; // [rows, inputs]
    weight: Float32Array; // [outputs, inputs]
    y: Float32Array; // [rows, outputs]
    dy: Float32Array; // [rows, outputs]
    dx: Float32Array; // [rows, inputs]
    dWeight: Float32Array; // [outputs, inputs]
    dBias: Float32Array; // [outputs]
    rows: number; // ≥ 0
    inputs: number; // ≥ 0
    outputs: number; // ≥ 0
    relu: boolean;
    accumulateWeight: boolean;
    accumulateBias: boolean;
  }): void;
  addBias(args: {
    y: Float32Array; // [rows, columns]
    bias: Float32Array; // [columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    relu: boolean;
  }): void;
  dropout(args: {
    x: Float32Array; // [rows, columns]
    residual: Float32Array | null; // [rows, columns]
    y: Float32Array; // [rows, columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  dropoutMask(args: {
    mask: Float32Array; // [rows, columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  layerNorm(args: {
    x: Float32Array; // [rows, columns]
    residual: Float32Array | null; // [rows, columns]
    gain: Float32Array; // [columns]
    bias: Float32Array; // [columns]
    sums: Float32Array | null; // [rows, columns]
    y: Float32Array; // [rows, columns]
    mean: Float32Array; // [rows]
    rstd: Float32Array; // [rows]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    epsilon: number;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  layerNormGrad(args: {
    x: Float32Array; // [rows, columns]
    residual: Float32Array | null; // [rows, columns]
    gain: Float32Array; // [columns]
    mean: Float32Array; // [rows]
    rstd: Float32Array; // [rows]
    dy: Float32Array; // [rows, columns]
    dx: Float32Array; // [rows, columns]
    dResidual: Float32Array | null; // [rows, columns]
    dGain: Float32Array; // [columns]
    dBias: Float32Array; // [columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    epsilon: number;
    accumulateGain: boolean;
    accumulateBias: boolean;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  embedding(args: {
    ids: Int32Array; // [tokens]
    weight: Float32Array; // [vocab, embed]
    positions: Int32Array; // [tokens]
    positionTable: Float32Array; // [positionRows, embed]
    y: Float32Array; // [tokens, embed]
    tokens: number; // ≥ 0
    embed: number; // ≥ 0
    vocab: number; // ≥ 0
    positionRows: number; // ≥ 0
    scale: number;
  }): void;
  scatterAdd(args: {
    ids: Int32Array; // [tokens]
    dy: Float32Array; // [tokens, embed]
    table: Float32Array; // [rows, embed]
    tokens: number; // ≥ 0
    rows: number; // ≥ 0
    embed: number; // ≥ 0
    scale: number;
    skip: number;
    accumulate: boolean;
  }): void;
  selfAttention(args: {
    queryKeyValue: Float32Array; // [rows, 3, heads, headDim]
    starts: Int32Array; // [sequences+1]
    keyPadding: Int32Array; // [rows]
    context: Float32Array; // [rows, heads, headDim]
    logSumExp: Float32Array; // [heads, rows]
    rows: number; // ≥ 0
    sequences: number; // ≥ 0
    heads: number; // ≥ 1
    headDim: number; // ≥ 1
    longestKey: number; // from 0 to 2147483647
    causal: boolean;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  selfAttentionGrad(args: {
    queryKeyValue: Float32Array; // [rows, 3, heads, headDim]
    starts: Int32Array; // [sequences+1]
    keyPadding: Int32Array; // [rows]
    context: Float32Array; // [rows, heads, headDim]
    logSumExp: Float32Array; // [heads, rows]
    dContext: Float32Array; // [rows, heads, headDim]
    dQueryKeyValue: Float32Array; // [rows, 3, heads, headDim]
    rows: number; // ≥ 0
    sequences: number; // ≥ 0
    heads: number; // ≥ 1
    headDim: number; // ≥ 1
    longestKey: number; // from 0 to 2147483647
    causal: boolean;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  crossAttention(args: {
    query: Float32Array; // [queryRows, heads, headDim]
    queryStarts: Int32Array; // [sequences+1]
    keyValue: Float32Array; // [keyRows, 2, heads, headDim]
    keyStarts: Int32Array; // [sequences+1]
    keyPadding: Int32Array; // [keyRows]
    context: Float32Array; // [queryRows, heads, headDim]
    logSumExp: Float32Array; // [heads, queryRows]
    queryRows: number; // ≥ 0
    keyRows: number; // ≥ 0
    sequences: number; // ≥ 0
    heads: number; // ≥ 1
    headDim: number; // ≥ 1
    longestKey: number; // from 0 to 2147483647
    causal: boolean;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  crossAttentionGrad(args: {
    query: Float32Array; // [queryRows, heads, headDim]
    queryStarts: Int32Array; // [sequences+1]
    keyValue: Float32Array; // [keyRows, 2, heads, headDim]
    keyStarts: Int32Array; // [sequences+1]
    keyPadding: Int32Array; // [keyRows]
    context: Float32Array; // [queryRows, heads, headDim]
    logSumExp: Float32Array; // [heads, queryRows]
    dContext: Float32Array; // [queryRows, heads, headDim]
    dQuery: Float32Array; // [queryRows, heads, headDim]
    dKeyValue: Float32Array; // [keyRows, 2, heads, headDim]
    queryRows: number; // ≥ 0
    keyRows: number; // ≥ 0
    sequences: number; // ≥ 0
    heads: number; // ≥ 1
    headDim: number; // ≥ 1
    longestKey: number; // from 0 to 2147483647
    causal: boolean;
    probability: number; // in [0, 1)
    seed: number;
    update: number;
    microBatch: number;
    site: number;
  }): void;
  classifierStatistics(args: {
    features: Float32Array; // [rows, embed]
    weights: Float32Array; // [classes, embed]
    targets: Int32Array; // [rows]
    targetLogProb: Float32Array; // [rows]
    meanLogProb: Float32Array; // [rows]
    predictions: Int32Array; // [rows]
    kept: readonly Float32Array[];
    sums: readonly Float32Array[]; // functionCount arrays [rows]
    functions: Float64Array; // [functionCount, 8]
    rows: number; // ≥ 0
    embed: number; // ≥ 0
    classes: number; // ≥ 0
    functionCount: number; // ≥ 0
    chunk: number; // ≥ 0
  }): void;
  classifierStatisticsGrad(args: {
    features: Float32Array; // [rows, embed]
    weights: Float32Array; // [classes, embed]
    targets: Int32Array; // [rows]
    dTargetLogProb: Float32Array; // [rows]
    dMeanLogProb: Float32Array; // [rows]
    kept: readonly Float32Array[];
    dSums: readonly Float32Array[]; // functionCount arrays [rows]
    dFeatures: Float32Array; // [rows, embed]
    dWeights: Float32Array; // [classes, embed]
    functions: Float64Array; // [functionCount, 8]
    rows: number; // ≥ 0
    embed: number; // ≥ 0
    classes: number; // ≥ 0
    functionCount: number; // ≥ 0
    chunk: number; // ≥ 0
    accumulateWeights: boolean;
  }): void;
  batchMatMul(args: {
    src: Float32Array; // [srcBatch, m, k]
    weights: Float32Array; // [weightsBatch, k, n]
    dst: Float32Array; // [batch, m, n]
    batch: number; // ≥ 0
    srcBatch: number; // ≥ 1
    weightsBatch: number; // ≥ 1
    m: number; // ≥ 0
    n: number; // ≥ 0
    k: number; // ≥ 0
    transposeA: boolean;
    transposeB: boolean;
  }): void;
  binary(args: {
    operation: number; // from 0 to 3
    a: Float32Array; // [aRows, aColumns]
    b: Float32Array; // [bRows, bColumns]
    y: Float32Array; // [rows, columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    aRows: number; // ≥ 0
    aColumns: number; // ≥ 0
    bRows: number; // ≥ 0
    bColumns: number; // ≥ 0
  }): void;
  copyPieces(args: {
    source: Float32Array | Int32Array; // [pieces, sourceStride]
    target: Float32Array | Int32Array; // [pieces, targetStride]
    pieces: number; // ≥ 0
    length: number; // ≥ 0
    sourceStride: number; // ≥ 0
    targetStride: number; // ≥ 0
    sourceOffset: number; // ≥ 0
    targetOffset: number; // ≥ 0
  }): void;
  gather(args: {
    x: Float32Array | Int32Array; // [batch, outer, dim, slice]
    indices: Int32Array; // [batch, count]
    y: Float32Array | Int32Array; // [batch, outer, count, slice]
    batch: number; // ≥ 0
    outer: number; // ≥ 0
    dim: number; // ≥ 0
    slice: number; // ≥ 0
    count: number; // ≥ 0
  }): void;
  softmax(args: {
    x: Float32Array; // [rows, columns]
    y: Float32Array; // [rows, columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
  }): void;
  logSoftmax(args: {
    x: Float32Array; // [rows, columns]
    y: Float32Array; // [rows, columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
  }): void;
  rowSums(args: {
    x: Float32Array; // [rows, columns]
    sums: Float32Array; // [rows]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
  }): void;
  columnSums(args: {
    x: Float32Array; // [rows, columns]
    sums: Float32Array; // [columns]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
  }): void;
  topK(args: {
    x: Float32Array; // [rows, columns]
    values: Float32Array; // [rows, k]
    indices: Int32Array; // [rows, k]
    rows: number; // ≥ 0
    columns: number; // ≥ 0
    k: number; // ≥ 0
  }): void;
  transpose(args: {
    x: Float32Array | Int32Array; // [sizes]
    y: Float32Array | Int32Array; // [sizes]
    sizes: readonly number[];
    permutation: readonly number[];
  }): void;
  openTransformer(args: {
    sizes: readonly number[]; // [17]
    encoderScale: number;
    decoderScale: number;
    weights: (index: number) => Float32Array;
    count: number; // ≥ 0
    precision: number; // from 0 to 2
  }): number;
  closeTransformer(transformer: number): void;
  openDecoding(args: {
    transformer: number;
    ids: Int32Array; // [rows]
    positions: Int32Array; // [rows]
    starts: Int32Array; // [sentences+1]
    rows: number; // ≥ 0
    sentences: number; // ≥ 1
    beam: number; // ≥ 1
  }): number;
  closeDecoding(decoding: number): void;
  selectRows(args: {
    decoding: number;
    rows: Int32Array; // [count]
    count: number; // ≥ 0
  }): void;
  decodingStep(args: {
    decoding: number;
    tokens: Int32Array; // [rows]
    position: number;
    features: Float32Array | null; // [rows, embed]
    rows: number; // ≥ 0
    embed: number; // ≥ 0
  }): void;
  decodingTop(args: {
    decoding: number;
    penalties: Float32Array | null; // [classes]
    temperature: number; // > 0
    table: Float32Array; // [rows, 2, width]
    rows: number; // ≥ 0
    classes: number; // ≥ 0
    width: number; // ≥ 0
  }): void;
  squaredNorm(args: {
    x: Float32Array; // [size]
    size: number; // ≥ 0
  }): number;
  scale(args: {
    x: Float32Array; // [size]
    size: number; // ≥ 0
    factor: number;
  }): void;
  accumulate(args: {
    sum: Float32Array; // [size]
    x: Float32Array; // [size]
    size: number; // ≥ 0
  }): void;
  adamStep(args: {
    values: Float32Array; // [size]
    gradients: Float32Array; // [size]
    firstMoment: Float32Array; // [size]
    secondMoment: Float32Array; // [size]
    size: number; // ≥ 0
    beta1: number;
    beta2: number;
    epsilon: number;
    stepSize: number;
    decay: number;
  }): void;
  discard(args: {
    x: Float32Array; // [size]
    size: number; // ≥ 0
  }): void;
}
