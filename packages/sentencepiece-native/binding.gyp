{
  "variables": { "sentencepiece_root%": "<!(node -p \"process.env.SENTENCEPIECE_ROOT || ''\")" },
  "targets": [
    {
      "target_name": "sentencepiece",
      "sources": ["cc/addon.cc", "cc/child-process.cc", "cc/model.cc", "cc/train.cc"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags": ["-O2", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++17", "-fexceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "libraries": ["-lsentencepiece_train", "-lsentencepiece"],
      "conditions": [
        ["sentencepiece_root!=''", {
          "include_dirs": ["<(sentencepiece_root)/include"],
          "ldflags": ["-L<(sentencepiece_root)/lib", "-Wl,-rpath,<(sentencepiece_root)/lib"]
        }]
      ]
    }
  ]
}
