// What build.mjs puts in.
declare const STYLE: string;
