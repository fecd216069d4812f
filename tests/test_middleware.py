import xml.etree.ElementTree as ET

from facegpt_ros.middleware import prepare_environment, select_fastdds_profile, share_file


def test_profile_is_chosen_for_the_default_middleware():
    environ = {}
    path = select_fastdds_profile(environ)
    assert environ["FASTRTPS_DEFAULT_PROFILES_FILE"] == environ["FASTDDS_DEFAULT_PROFILES_FILE"] == str(path)
    assert "67108864" in path.read_text()
    ET.parse(path)


def test_the_users_own_profile_is_left_alone():
    environ = {"FASTRTPS_DEFAULT_PROFILES_FILE": "mine.xml"}
    assert select_fastdds_profile(environ) is None
    assert environ == {"FASTRTPS_DEFAULT_PROFILES_FILE": "mine.xml"}


def test_other_middlewares_get_no_profile():
    environ = {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}
    assert select_fastdds_profile(environ) is None and len(environ) == 1


def test_log_folder_is_given_only_without_a_home():
    environ = {}
    prepare_environment(environ)
    assert environ["ROS_LOG_DIR"]
    environ = {"HOME": "/home/someone"}
    prepare_environment(environ)
    assert "ROS_LOG_DIR" not in environ


def test_share_files_are_found():
    assert share_file("config/face_node.yaml").is_file()
    assert share_file("config/none.yaml") is None
