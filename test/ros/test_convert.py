# Copyright 2026 jepa_ros contributors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.

"""Pictures of every encoding, size and padding, and what must be refused."""

import array

import cv2
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from jepa_ros.core.preprocess import to_model_image
from jepa_ros.ros.convert import from_latents, from_rgb, to_picture, to_rgb
from jepa_ros.ros.picture import ImageError

CHANNELS = {'rgb8': (0, 1, 2), 'bgr8': (2, 1, 0), 'rgba8': (0, 1, 2, 3),
            'bgra8': (2, 1, 0, 3), 'mono8': (0,)}


def random_rgb(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return noise (height, width, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def message_of(rgb: np.ndarray, encoding: str, padding: int, last_row_padded: bool = True
               ) -> Image:
    """Return an Image of some RGB, each row followed by padding bytes of value 7."""
    height, width, _ = rgb.shape
    rgba = np.dstack([rgb, np.full((height, width), 9, np.uint8)])
    pixels = rgba[..., list(CHANNELS[encoding])].reshape(height, -1)
    padded = np.pad(pixels, ((0, 0), (0, padding)), constant_values=7).tobytes()
    if padding and not last_row_padded:
        padded = padded[:-padding]
    return Image(height=height, width=width, encoding=encoding,
                 step=pixels.shape[1] + padding, data=array.array('B', padded))


@given(encoding=st.sampled_from(sorted(CHANNELS)), height=st.integers(1, 9),
       width=st.integers(1, 9), padding=st.integers(0, 5), last=st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_encoding_size_and_padding(encoding, height, width, padding, last):
    """The picture comes back exactly; mono8 has three equal channels."""
    rgb = random_rgb(height, width)
    if encoding == 'mono8':
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    got = to_rgb(message_of(rgb, encoding, padding, last))
    assert got.dtype == np.uint8
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got, rgb)


@given(encoding=st.sampled_from(sorted(CHANNELS)), height=st.integers(1, 40),
       width=st.integers(1, 40), side=st.integers(1, 12), padding=st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_the_model_s_picture_straight_from_the_message(encoding, height, width, side, padding):
    """Bit for bit what a copy of the whole frame would give, and no such copy is made."""
    message = message_of(random_rgb(height, width), encoding, padding)
    picture = to_picture(message)
    assert np.shares_memory(picture.pixels, np.frombuffer(message.data, np.uint8))
    np.testing.assert_array_equal(picture.fit(side, side),
                                  to_model_image(to_rgb(message), side, side))


@pytest.mark.parametrize('encoding', sorted(CHANNELS))
def test_a_region_is_what_would_be_seen_of_that_part(encoding):
    """From its left top corner (x, y), in pixels, without a copy; all zero is the whole."""
    rgb = random_rgb(30, 50)
    if encoding == 'mono8':
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    message = message_of(rgb, encoding, 3)
    part = to_picture(message).part((7, 4, 20, 16))
    np.testing.assert_array_equal(part.rgb(), rgb[4:20, 7:27])
    np.testing.assert_array_equal(part.fit(8, 8), to_model_image(rgb[4:20, 7:27], 8, 8))
    assert np.shares_memory(part.pixels, np.frombuffer(message.data, np.uint8))
    np.testing.assert_array_equal(to_picture(message).part((0, 0, 0, 0)).rgb(), rgb)
    np.testing.assert_array_equal(to_picture(message).part((0, 0, 50, 30)).rgb(), rgb)


@pytest.mark.parametrize('region, words', [
    ((31, 0, 20, 10), ['20x10 at (31, 0)', '(51, 10)', '50x30']),
    ((0, 21, 10, 10), ['10x10 at (0, 21)', '(10, 31)', '50x30'])])
def test_a_region_that_is_not_inside_is_refused(region, words):
    """By the frame that it does not fit, with the numbers."""
    with pytest.raises(ImageError) as error:
        to_picture(message_of(random_rgb(30, 50), 'rgb8', 0)).part(region)
    for word in words:
        assert word in str(error.value)


def test_is_bigendian_does_not_touch_bytes():
    """An element of one byte has no byte order."""
    message = message_of(random_rgb(4, 5), 'bgr8', 2)
    message.is_bigendian = 1
    np.testing.assert_array_equal(to_rgb(message), random_rgb(4, 5))


def test_from_rgb_and_back():
    """What is sent is what is received."""
    rgb = random_rgb(48, 64)
    message = from_rgb(rgb, Header(frame_id='camera'))
    assert (message.step, message.encoding, message.header.frame_id) == (192, 'rgb8', 'camera')
    np.testing.assert_array_equal(to_rgb(message), rgb)


@pytest.mark.parametrize('encoding', sorted(CHANNELS))
def test_from_rgb_in_every_encoding(encoding):
    rgb = random_rgb(5, 7)
    message = from_rgb(rgb, Header(frame_id='camera'), encoding)
    channels = len(CHANNELS[encoding])
    assert (message.encoding, message.step) == (encoding, 7 * channels)
    assert len(message.data) == 5 * 7 * channels
    if encoding == 'mono8':
        luma = rgb @ np.array([0.299, 0.587, 0.114])
        np.testing.assert_allclose(to_rgb(message)[..., 0], luma, atol=2.0)
    else:
        np.testing.assert_array_equal(to_rgb(message), rgb)
    if channels == 4:
        assert set(message.data[3::4]) == {255}


def test_from_rgb_names_an_encoding_that_there_is_not():
    with pytest.raises(ValueError, match="encoding '16UC1' is not one of rgb8, bgr8"):
        from_rgb(random_rgb(2, 2), Header(), '16UC1')


def test_from_rgb_takes_a_view():
    """A flipped picture is not contiguous and still comes out right."""
    rgb = random_rgb(6, 8)[::-1, ::-1]
    np.testing.assert_array_equal(to_rgb(from_rgb(rgb, Header())), rgb)


def raw_message(rows: np.ndarray, width: int, encoding: str, **fields) -> Image:
    """Return an Image of bytes (height, of a row), each row padded by three."""
    padded = np.pad(rows, ((0, 0), (0, 3)), constant_values=7)
    return Image(height=rows.shape[0], width=width, encoding=encoding, step=padded.shape[1],
                 data=array.array('B', padded.tobytes()), **fields)


@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'])
def test_two_pixels_share_their_colour(encoding):
    """Red beside black: by BT.601, Y 82, U 90, V 240, and Y 16 with the same colour."""
    y, u, v = (82, 16), 90, 240
    four = [u, y[0], v, y[1]] if encoding in ('yuv422', 'uyvy') else [y[0], u, y[1], v]
    got = to_rgb(raw_message(np.tile(np.array(four, np.uint8), (2, 3)), 6, encoding))
    assert got.shape == (2, 6, 3)
    np.testing.assert_allclose(got[:, ::2], np.broadcast_to([255, 0, 0], (2, 3, 3)), atol=3)
    assert (got[:, 1::2, 1:] == 0).all()
    assert (got[:, 1::2, 0] > 100).all()


@pytest.mark.parametrize('size', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_a_bayer_pattern_has_its_colours_back(pattern, size):
    """Of one colour all over, every pixel comes back; red is not blue."""
    colour = {'r': 200, 'g': 120, 'b': 30}
    cell = np.array([colour[c] for c in pattern], np.uint8).reshape(2, 2)
    mosaic = np.tile(cell, (4, 5))
    rows = mosaic if size == 8 else np.stack([np.full_like(mosaic, 9), mosaic], axis=2).reshape(
        mosaic.shape[0], -1)
    message = raw_message(rows, 10, f'bayer_{pattern}{size}')
    np.testing.assert_array_equal(to_rgb(message), np.full((8, 10, 3), [200, 120, 30]))
    if size == 16:
        message.is_bigendian = 1
        np.testing.assert_array_equal(to_rgb(message), np.full((8, 10, 3), 9))


def test_of_sixteen_bits_of_grey_the_upper_eight_are_seen():
    """Either byte may come first."""
    grey = random_rgb(3, 5)[..., 0].astype(np.uint16) * 256 + 77
    for kind, big in (('<u2', 0), ('>u2', 1)):
        rows = grey.astype(kind).view(np.uint8).reshape(3, -1)
        got = to_rgb(raw_message(rows, 5, 'mono16', is_bigendian=big))
        np.testing.assert_array_equal(got, np.repeat((grey >> 8)[..., None], 3, axis=2))


def bad(**changes) -> Image:
    """Return a good rgb8 Image of 4 x 2 pixels with some fields changed."""
    message = message_of(random_rgb(2, 4), 'rgb8', 0)
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize('message, words', [
    (bad(encoding='16UC1'), ['16UC1', 'mono8', 'bayer_rggb8']),
    (bad(width=0), ['0x2', 'at least 1']),
    (bad(height=0), ['4x0', 'at least 1']),
    (bad(step=11), ['step is 11', '12']),
    (bad(step=0), ['step is 0', '12']),
    (bad(data=array.array('B', bytes(23))), ['23 bytes', '24']),
    (bad(data=array.array('B')), ['0 bytes', '24']),
    (bad(encoding='yuv422', width=3), ['3x2', 'must be even']),
    (bad(encoding='yuyv', step=7), ['step is 7', '8']),
    (bad(encoding='bayer_gbrg8', height=1), ['4x1', 'at least 2 pixels']),
    (bad(encoding='bayer_rggb12'), ['bayer_rggb12', 'bayer_rggb16']),
    (bad(width=60000, height=60000, step=180000), ['60000x60000', 'limit 16777216']),
])
def test_a_bad_image_is_refused_with_value_and_limit(message, words):
    """The error names what was found and what was needed."""
    with pytest.raises(ImageError) as error:
        to_rgb(message)
    for word in words:
        assert word in str(error.value)


def compressed(suffix: str, pixels: np.ndarray) -> CompressedImage:
    """Return pixels as OpenCV has them (grey, BGR or BGRA), compressed."""
    ok, data = cv2.imencode(suffix, pixels)
    assert ok
    return CompressedImage(format=suffix.lstrip('.'), data=array.array('B', data.tobytes()))


def test_png_is_exact():
    """PNG loses nothing: colour, alpha dropped, grey tripled, 16 bits shortened."""
    rgb = random_rgb(21, 34)
    bgr = rgb[..., ::-1]
    np.testing.assert_array_equal(to_rgb(compressed('.png', bgr)), rgb)
    bgra = np.dstack([bgr, np.full(bgr.shape[:2], 200, np.uint8)])
    np.testing.assert_array_equal(to_rgb(compressed('.png', bgra)), rgb)
    grey = to_rgb(compressed('.png', rgb[..., 0]))
    np.testing.assert_array_equal(grey, np.repeat(rgb[..., :1], 3, axis=2))
    deep = to_rgb(compressed('.png', bgr.astype(np.uint16) * 257))
    np.testing.assert_array_equal(deep, rgb)


@pytest.mark.parametrize('grey', [False, True])
def test_jpeg_is_close(grey):
    """A smooth picture survives JPEG; red stays red."""
    rgb = np.zeros((40, 60, 3), np.uint8)
    rgb[..., 0] = np.linspace(40, 220, 60)
    if grey:
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    got = to_rgb(compressed('.jpg', rgb[..., 0] if grey else rgb[..., ::-1]))
    assert np.abs(got.astype(int) - rgb).mean() < 3


def with_png_size(width: int, height: int) -> CompressedImage:
    """Return a small PNG whose header declares another size."""
    data = bytearray(compressed('.png', random_rgb(3, 3)).data.tobytes())
    data[16:24] = width.to_bytes(4, 'big') + height.to_bytes(4, 'big')
    return CompressedImage(format='png', data=array.array('B', bytes(data)))


def with_png_chunk(kind: bytes, length: int) -> CompressedImage:
    """Return a small PNG with another chunk after its header, which says that it is so long."""
    data = compressed('.png', random_rgb(3, 3)).data.tobytes()
    chunk = length.to_bytes(4, 'big') + kind + bytes(4)
    return CompressedImage(format='png', data=array.array('B', data[:33] + chunk + data[33:]))


def hidden_jpeg_size(width: int, height: int) -> CompressedImage:
    """
    Return a JPEG of a size that is found only by who skips fill bytes as decoders do.

    Who takes the fill byte for a marker reads a length of 0xE000, and finds 3x3 behind it.
    """
    def frame(width: int, height: int) -> bytes:
        return (b'\xff\xc0\x00\x11\x08' + height.to_bytes(2, 'big') + width.to_bytes(2, 'big')
                + b'\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00')
    data = b'\xff\xd8\xff\xff\xe0\x00\x02' + frame(width, height)
    data = data.ljust(2 + 2 + 0xE000, b'\0') + frame(3, 3)
    return CompressedImage(format='jpeg', data=array.array('B', data))


@pytest.mark.parametrize('message, words', [
    (CompressedImage(format='jpeg'), ['no data']),
    (CompressedImage(format='webp', data=array.array('B', b'RIFF1234')), ['52494646', 'PNG']),
    (with_png_size(50000, 50000), ['50000x50000', 'limit 16777216']),
    (CompressedImage(format='png', data=array.array(
        'B', compressed('.png', random_rgb(30, 30)).data.tobytes()[:40])),
     ['cut short', 'byte 33', '7 are left']),
    (with_png_chunk(b'tEXt', 2 ** 32 - 1), ['cut short', 'byte 33', '4294967295 bytes']),
    (with_png_chunk(b'IHDR', 0), ["chunk 1 is b'IHDR'", 'one IHDR']),
    (with_png_chunk(b'acTL', 0), ["chunk 1 is b'acTL'", 'a single picture']),
    (hidden_jpeg_size(60000, 60000), ['60000x60000', 'limit 16777216']),
    (CompressedImage(format='jpeg', data=array.array('B', b'\xff\xd8\xff\xd9')), ['no size']),
])
def test_a_bad_compressed_image_is_refused(message, words):
    """Neither a bomb nor a torn file gets to the decoder's caller."""
    with pytest.raises(ImageError) as error:
        to_rgb(message)
    for word in words:
        assert word in str(error.value)


def test_jpeg_size_limit():
    """The size is read from the frame header, before decoding."""
    with pytest.raises(ImageError, match='64x48 = 3072 pixels, limit 3000'):
        to_rgb(compressed('.jpg', random_rgb(48, 64)), max_pixels=3000)


def test_latents_are_rows_of_floats():
    """A 32FC1 image: a row for each step and token, little endian."""
    latents = np.random.default_rng(1).normal(size=(5, 2, 8)).astype(np.float32)
    message = from_latents(latents, Header())
    assert (message.height, message.width, message.step) == (10, 8, 32)
    assert message.encoding == '32FC1'
    got = np.frombuffer(message.data, '<f4').reshape(10, 8)
    np.testing.assert_array_equal(got, latents.reshape(10, 8))
