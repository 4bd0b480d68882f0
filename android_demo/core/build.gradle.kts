import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.kotlin.jvm)
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

java {
    sourceCompatibility = JavaVersion.VERSION_17
    targetCompatibility = JavaVersion.VERSION_17
}

dependencies {
    testImplementation(libs.junit)
    testRuntimeOnly(libs.junit.launcher)
    testImplementation(libs.javacpp)
    testImplementation(libs.tflite.desktop)
    // TensorFlow Lite's native library, for the machine that the tests run on.
    for (library in listOf(libs.javacpp, libs.tflite.desktop)) {
        testRuntimeOnly(variantOf(library) { classifier("linux-x86_64") })
    }
}

tasks.test {
    useJUnitPlatform()
    // Written by build.sh, which runs these tests too: without it those that compare with Python are left out.
    val reference = rootProject.layout.projectDirectory.dir("build/reference").asFile
    if (!reference.exists()) exclude("**/PythonParityTest*")
    systemProperty("reference", reference.path)
    systemProperty("pictures", temporaryDir.path)
}
