#!/bin/sh
# /cgi-bin/volume: the first 512 bytes of the second disk as they are; what is posted is written there.
disk=/dev/vdb
printf 'Content-Type: text/plain\r\n\r\n'
[ -b $disk ] || { echo "no volume"; exit 0; }
if [ "$REQUEST_METHOD" = POST ]; then
  head -c "${CONTENT_LENGTH:-0}" | dd of=$disk bs=512 count=1 conv=sync,fsync 2>/dev/null
fi
blockdev --flushbufs $disk
dd if=$disk bs=512 count=1 2>/dev/null | tr -d '\000'
