# No CUDA header and no CUDA library: the add-on opens the driver and NVRTC when it runs.
{
  "targets": [
    {
      "target_name": "cuda",
      "sources": ["cc/addon.cc", "cc/device.cc", "cc/driver.cc", "cc/nvrtc.cc", "cc/cublaslt.cc"],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags": ["-O2", "-fvisibility=hidden"],
      "cflags_cc": ["-std=c++17", "-fexceptions"],
      "cflags!": ["-fno-omit-frame-pointer"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "libraries": ["-ldl"]
    }
  ]
}
