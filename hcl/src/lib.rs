//! A lossless reader and editor of HCL 1, HCL 2 and JSON.
