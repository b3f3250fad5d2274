# Compiles the same sources once per instruction set, each into an add-on; src/addon.ts loads the best one for the processor.
{
  "variables": { "onednn_root%": "<!(node -p \"process.env.ONEDNN_ROOT || ''\")" },
  "target_defaults": {
    "sources": [
      "<!@(node -p \"require('fs').readdirSync('cc').filter(f => f.endsWith('.cc')).map(f => 'cc/' + f).join(' ')\")",
      "<!@(node -p \"require('fs').readdirSync('cc/kernels').filter(f => f.endsWith('.cc')).map(f => 'cc/kernels/' + f).join(' ')\")",
      "<!@(node -p \"require('fs').readdirSync('cc/tiles').filter(f => f.endsWith('.cc')).map(f => 'cc/tiles/' + f).join(' ')\")"
    ],
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
    "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
    "cflags": ["-O3", "-fopenmp", "-fvisibility=hidden", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-Wno-ignored-attributes"],
    "cflags_cc": ["-std=c++17", "-fexceptions"],
    "cflags!": ["-fno-omit-frame-pointer"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
    "ldflags": ["-fopenmp"],
    "libraries": ["-ldnnl"],
    "conditions": [
      ["onednn_root!=''", {
        "include_dirs": ["<(onednn_root)/include"],
        "ldflags": ["-L<(onednn_root)/lib", "-Wl,-rpath,<(onednn_root)/lib"]
      }]
    ]
  },
  "targets": [{ "target_name": "onednn_baseline" }],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        { "target_name": "onednn_v3", "cflags": ["-march=x86-64-v3"] },
        { "target_name": "onednn_v4", "cflags": ["-march=x86-64-v4"] }
      ]
    }]
  ]
}
