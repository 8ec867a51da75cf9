# A stand-in: the functions that floe uses of nixpkgs' lib.
let
  b = builtins;
  removePrefix =
    p: s: if b.substring 0 (b.stringLength p) s == p then b.substring (b.stringLength p) (-1) s else s;
  hasPrefix = p: s: b.substring 0 (b.stringLength p) s == p;
  hasSuffix =
    p: s:
    b.stringLength s >= b.stringLength p
    && b.substring (b.stringLength s - b.stringLength p) (-1) s == p;
  optional = c: x: if c then [ x ] else [ ];
  nameValuePair = name: value: { inherit name value; };
  letters = s: b.genList (i: b.substring i 1 s) (b.stringLength s);
in
{
  inherit (b)
    attrNames
    attrValues
    all
    concatLists
    isAttrs
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    functionArgs
    head
    isString
    length
    listToAttrs
    mapAttrs
    ;
  inherit
    hasPrefix
    removePrefix
    hasSuffix
    optional
    nameValuePair
    ;
  removeSuffix =
    p: s: if hasSuffix p s then b.substring 0 (b.stringLength s - b.stringLength p) s else s;
  importJSON = path: b.fromJSON (b.readFile path);
  genAttrs = names: f: b.listToAttrs (map (name: nameValuePair name (f name)) names);
  mapAttrs' = f: s: b.listToAttrs (map (name: f name s.${name}) (b.attrNames s));
  mapAttrsToList = f: s: map (name: f name s.${name}) (b.attrNames s);
  filterAttrs = f: s: b.removeAttrs s (b.filter (name: !(f name s.${name})) (b.attrNames s));
  findFirst =
    f: default: l:
    b.head (b.filter f l ++ [ default ]);
  optionals = c: l: if c then l else [ ];
  optionalAttrs = c: s: if c then s else { };
  optionalString = c: s: if c then s else "";
  subtractLists = e: b.filter (x: !(b.elem x e));
  inherit (b) any foldl' replaceStrings;
  toUpper = b.replaceStrings (letters "abcdefghijklmnopqrstuvwxyz") (
    letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  );
  hasInfix = i: s: b.length (b.split (b.replaceStrings [ "*" "." ] [ "\\*" "\\." ] i) s) > 1;
  splitString =
    separator: s:
    b.filter b.isString (b.split (b.replaceStrings [ "." "+" ] [ "[.]" "[+]" ] separator) s);
  warnIf =
    c: text: value:
    if c then b.warn text value else value;
  unique = b.foldl' (l: x: if b.elem x l then l else l ++ [ x ]) [ ];
  last = l: b.elemAt l (b.length l - 1);
  init = l: b.genList (b.elemAt l) (b.length l - 1);
  concatStrings = b.concatStringsSep "";
  concatMapStrings = f: l: b.concatStringsSep "" (map f l);
  concatMapStringsSep =
    s: f: l:
    b.concatStringsSep s (map f l);
  escapeShellArg = s: "'${s}'";
  escapeShellArgs = list: toString (map (s: "'${s}'") list);
  getExe = p: "${p}/bin/${p.meta.mainProgram}";
  cleanSource = src: src;
  # Filters are put together, as nixpkgs does it: a source is read where it was, not where a filter left it.
  cleanSourceWith =
    {
      src,
      filter,
      name ? "source",
    }:
    let
      origSrc = toString (src.origSrc or src);
      both = path: type: (src.filter or (_: _: true)) path type && filter path type;
    in
    {
      inherit origSrc;
      filter = both;
      outPath = b.path {
        inherit name;
        filter = both;
        path = origSrc;
      };
    };
}
